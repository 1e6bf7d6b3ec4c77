import { Check, Column, Entity, Index, Unique } from 'typeorm';
import { MONEY, TEXT_LIST } from '../../database/columns.js';
import { Identity } from '../../database/identity.js';
import { ResourceRow } from '../../database/resource-row.js';

export type MasterStatus = 'active' | 'suspended';

@Entity({ name: 'masters' })
@Unique('uq_masters_name', ['name'])
@Unique('uq_masters_master_key_hash', ['master_key_hash'])
@Check('ck_masters_status', `status IN ('active', 'suspended')`)
@Check('ck_masters_default_namespace', `default_namespace = '' OR default_namespace = ANY (namespaces)`)
@Index('ix_masters_namespaces', { synchronize: false })
export class Master extends ResourceRow {
  @Identity('pk_masters')
  declare id: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', default: 'default' })
  group!: string;

  /** Names that exist: trigger `fk_masters_namespaces`. */
  @Column(TEXT_LIST)
  namespaces!: string[];

  @Column({ type: 'text', default: '' })
  default_namespace!: string;

  /** 0 = no limit. */
  @Column({ type: 'integer', default: 0 })
  max_child_keys!: number;

  /** Requests per second over all keys; 0 = off. */
  @Column({ type: 'integer', default: 0 })
  global_qps!: number;

  @Column({ type: 'text', default: 'active' })
  status!: MasterStatus;

  /** Raised to end all its JWTs. */
  @Column({ type: 'integer', default: 1 })
  epoch!: number;

  /** USD. */
  @Column(MONEY)
  balance!: number;

  @Column({ type: 'text' })
  master_key_hash!: string;

  @Column({ type: 'text' })
  master_key_hint!: string;

  /** The master key itself, which no column keeps: only on a row to which it was just given. */
  master_key?: string;
}
