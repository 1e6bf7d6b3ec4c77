import { Check, Column, Entity, ForeignKey, Index } from 'typeorm';
import { BIGINT, TIMESTAMP } from '../../database/columns.js';
import { Identity } from '../../database/identity.js';
import { ResourceRow } from '../../database/resource-row.js';
import { ProviderGroup } from '../provider-groups/provider-group.entity.js';

export type ApiKeyStatus = 'active' | 'manual_disabled' | 'auto_disabled';

@Entity({ name: 'api_keys' })
@Check('ck_api_keys_status', `status IN ('active', 'manual_disabled', 'auto_disabled')`)
@Index('ix_api_keys_provider_group_id', ['provider_group_id', 'id'])
@Index('ix_api_keys_name_search', { synchronize: false })
@Index('ix_api_keys_ban_until', ['ban_until'], { where: 'ban_until IS NOT NULL' })
@Index('ix_api_keys_expires_at', ['expires_at'], { where: `expires_at IS NOT NULL AND status = 'active'` })
export class ApiKey extends ResourceRow {
  @Identity('pk_api_keys')
  declare id: number;

  @Column(BIGINT)
  @ForeignKey(() => ProviderGroup, { name: 'fk_api_keys_provider_group_id' })
  provider_group_id!: number;

  @Column({ type: 'text' })
  name!: string;

  /** AES-256-GCM envelope, bound to `api_keys:{id}:secret`. */
  @Column({ type: 'text' })
  secret!: string;

  @Column({ type: 'text' })
  hint!: string;

  @Column({ type: 'integer', default: 1 })
  weight!: number;

  @Column({ type: 'text', default: 'active' })
  status!: ApiKeyStatus;

  /** Balancers may report it banned by themselves. */
  @Column({ type: 'boolean', default: true })
  auto_ban!: boolean;

  @Column({ type: 'text', default: '' })
  ban_reason!: string;

  @Column({ ...TIMESTAMP, nullable: true })
  ban_until!: Date | null;

  @Column({ ...TIMESTAMP, nullable: true })
  expires_at!: Date | null;
}
