import { Check, Column, Entity, ForeignKey, Index } from 'typeorm';
import type { QuotaResetType } from '../../common/quota-calendar.js';
import { BIGINT, SPENT_MONEY, TEXT_LIST, TIMESTAMP } from '../../database/columns.js';
import { Identity } from '../../database/identity.js';
import { ResourceRow } from '../../database/resource-row.js';
import { Master } from '../masters/master.entity.js';
import type { KeySecret } from './key-secret.entity.js';

export type KeyStatus = 'active' | 'suspended' | 'revoked';
export type { QuotaResetType };

@Entity({ name: 'keys' })
@Check('ck_keys_status', `status IN ('active', 'suspended', 'revoked')`)
@Check('ck_keys_quota_reset_type', `quota_reset_type IN ('none', 'daily', 'weekly', 'monthly')`)
@Index('ix_keys_master_id', ['master_id', 'id'])
@Index('ix_keys_quota_reset_at', ['quota_reset_at'], {
  where: `quota_reset_at IS NOT NULL AND status <> 'revoked'`,
})
@Index('ix_keys_name_search', { synchronize: false })
export class Key extends ResourceRow {
  @Identity('pk_keys')
  declare id: number;

  @Column(BIGINT)
  @ForeignKey(() => Master, { name: 'fk_keys_master_id' })
  master_id!: number;

  @Column({ type: 'text' })
  name!: string;

  /** Route group; empty = the master's. */
  @Column({ type: 'text', default: '' })
  group!: string;

  @Column({ type: 'text', default: 'active' })
  status!: KeyStatus;

  @Column({ type: 'integer', default: 1 })
  weight!: number;

  /** USD; usage spends it to the last billionth. */
  @Column(SPENT_MONEY)
  balance!: number;

  /** What Redis shows of it: as it was set, and from when it is spent what was left. Spending in between is no configuration. */
  @Column(SPENT_MONEY)
  balance_published!: number;

  /** Whether usage may take `balance` below 0. */
  @Column({ type: 'boolean', default: false })
  allow_overdraft!: boolean;

  @Column(TEXT_LIST)
  scopes!: string[];

  /** Subset of the master's (trigger `ck_keys_namespaces`); empty = all of them. */
  @Column(TEXT_LIST)
  namespaces!: string[];

  /** Empty = the master's. */
  @Column({ type: 'text', default: '' })
  default_namespace!: string;

  @Column({ type: 'boolean', default: false })
  model_limits_enabled!: boolean;

  @Column(TEXT_LIST)
  model_limits!: string[];

  @Column(TEXT_LIST)
  allow_ips!: string[];

  @Column(TEXT_LIST)
  deny_ips!: string[];

  @Column({ ...TIMESTAMP, nullable: true })
  expires_at!: Date | null;

  /** Units per period; null = none. */
  @Column({ ...BIGINT, nullable: true })
  quota_limit!: number | null;

  @Column({ ...BIGINT, default: 0 })
  quota_used!: number;

  /** What of `quota_used` no usage explains: an operator set it, or it comes from a period that was cut short. */
  @Column({ ...BIGINT, default: 0 })
  quota_adjusted!: number;

  @Column({ type: 'text', default: 'none' })
  quota_reset_type!: QuotaResetType;

  @Column({ type: 'text', default: 'UTC' })
  quota_timezone!: string;

  @Column({ ...TIMESTAMP, nullable: true })
  quota_period_start!: Date | null;

  @Column({ ...TIMESTAMP, nullable: true })
  quota_reset_at!: Date | null;

  @Column({ ...TIMESTAMP, nullable: true })
  last_accessed_at!: Date | null;

  @Column({ ...BIGINT, default: 0 })
  request_count!: number;

  @Column({ ...BIGINT, default: 0 })
  used_tokens!: number;

  /** Oldest first; loaded by the service. */
  secrets!: KeySecret[];

  /** What clients send, which no column keeps: only on a row for which it was just made. */
  token?: string;
}

/**
 * When the open period of a key `k` began. Without resets there is one, as old as the key: to the second, for a JavaScript date has no
 * microseconds.
 */
export const OPEN_PERIOD = `coalesce(k.quota_period_start, date_trunc('second', k.created_at))`;
