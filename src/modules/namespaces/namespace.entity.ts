import { Check, Column, Entity, Unique } from 'typeorm';
import { Identity } from '../../database/identity.js';
import { ResourceRow } from '../../database/resource-row.js';

export type NamespaceStatus = 'active' | 'disabled';

@Entity({ name: 'namespaces' })
@Unique('uq_namespaces_name', ['name'])
@Check('ck_namespaces_status', `status IN ('active', 'disabled')`)
export class Namespace extends ResourceRow {
  @Identity('pk_namespaces')
  declare id: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', default: '' })
  description!: string;

  @Column({ type: 'text', default: 'active' })
  status!: NamespaceStatus;
}
