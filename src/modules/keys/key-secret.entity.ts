import { Check, Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import { BIGINT, TIMESTAMP } from '../../database/columns.js';
import { Identity } from '../../database/identity.js';
import { Key } from './key.entity.js';

/**
 * One text that clients may send for a key. Only its hash is known here. A revoked secret stays as the reason for its tombstone,
 * even without its key, so that no other key can get its hash.
 */
@Entity({ name: 'key_secrets' })
@Unique('uq_key_secrets_token_hash', ['token_hash'])
@Check('ck_key_secrets_token_hash', `token_hash ~ '^[0-9a-f]{64}$'`)
@Check('ck_key_secrets_key_id', 'key_id IS NOT NULL OR revoked_at IS NOT NULL')
@Index('ix_key_secrets_key_id', ['key_id'])
@Index('ix_key_secrets_overlap', ['expires_at'], { where: 'expires_at IS NOT NULL AND revoked_at IS NULL' })
export class KeySecret {
  @Identity('pk_key_secrets')
  id!: number;

  /** Null where the key is deleted. */
  @Column({ ...BIGINT, nullable: true })
  @ForeignKey(() => Key, { name: 'fk_key_secrets_key_id', onDelete: 'SET NULL' })
  key_id!: number | null;

  /** Lower-case hex SHA-256 of the text a client sends. */
  @Column({ type: 'text' })
  token_hash!: string;

  /** `ezk_…last4`. */
  @Column({ type: 'text' })
  hint!: string;

  @Column({ ...TIMESTAMP, default: () => 'now()' })
  created_at!: Date;

  /** End of a rotation overlap; null = as long as the key. */
  @Column({ ...TIMESTAMP, nullable: true })
  expires_at!: Date | null;

  @Column({ ...TIMESTAMP, nullable: true })
  revoked_at!: Date | null;
}
