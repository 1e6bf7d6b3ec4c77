import { Check, Column, Entity, Unique } from 'typeorm';
import { TEXT_LIST } from '../../database/columns.js';
import { Identity } from '../../database/identity.js';
import { ResourceRow } from '../../database/resource-row.js';

export type ProviderGroupStatus = 'active' | 'disabled';

@Entity({ name: 'provider_groups' })
@Unique('uq_provider_groups_name', ['name'])
@Check('ck_provider_groups_status', `status IN ('active', 'disabled')`)
export class ProviderGroup extends ResourceRow {
  @Identity('pk_provider_groups')
  declare id: number;

  @Column({ type: 'text' })
  name!: string;

  /** One of the contract's provider types, trimmed and lower-cased. */
  @Column({ type: 'text' })
  type!: string;

  /** Canonical URL; empty = the type's own. */
  @Column({ type: 'text', default: '' })
  base_url!: string;

  @Column({ type: 'text', default: '' })
  google_project!: string;

  @Column({ type: 'text', default: '' })
  google_location!: string;

  /** Route group. */
  @Column({ type: 'text', default: 'default' })
  group!: string;

  /** Names of upstream models. */
  @Column(TEXT_LIST)
  models!: string[];

  @Column({ type: 'text', default: 'active' })
  status!: ProviderGroupStatus;
}
