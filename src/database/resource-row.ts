import { Column } from 'typeorm';
import { TIMESTAMP } from './columns.js';

/** What every resource has. `id` is declared by each entity, so that its primary key carries the table's name. */
export abstract class ResourceRow {
  id!: number;

  /** Configuration version that last changed the row: decimal text, since it may pass 2^53. */
  @Column({ type: 'bigint', default: 0 })
  version!: string;

  @Column({ ...TIMESTAMP, default: () => 'now()' })
  created_at!: Date;

  @Column({ ...TIMESTAMP, default: () => 'now()' })
  updated_at!: Date;
}
