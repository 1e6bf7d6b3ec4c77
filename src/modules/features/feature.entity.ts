import { Column, Entity, Unique } from 'typeorm';
import { Identity } from '../../database/identity.js';
import { ResourceRow } from '../../database/resource-row.js';

@Entity({ name: 'features' })
@Unique('uq_features_name', ['name'])
export class Feature extends ResourceRow {
  @Identity('pk_features')
  declare id: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'jsonb' })
  value!: unknown;

  @Column({ type: 'text', default: '' })
  description!: string;
}
