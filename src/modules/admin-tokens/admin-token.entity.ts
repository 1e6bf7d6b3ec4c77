import { Column, Entity, Unique } from 'typeorm';
import { TIMESTAMP } from '../../database/columns.js';
import { Identity } from '../../database/identity.js';
import { ResourceRow } from '../../database/resource-row.js';

@Entity({ name: 'admin_tokens' })
@Unique('uq_admin_tokens_name', ['name'])
@Unique('uq_admin_tokens_token_hash', ['token_hash'])
export class AdminToken extends ResourceRow {
  @Identity('pk_admin_tokens')
  declare id: number;

  @Column({ type: 'text' })
  name!: string;

  /** `masters:read`, `masters:*`, `*:read`, `*`. */
  @Column({ type: 'text', array: true })
  scopes!: string[];

  @Column({ type: 'text' })
  token_hash!: string;

  @Column({ type: 'text' })
  hint!: string;

  @Column({ ...TIMESTAMP, nullable: true })
  expires_at!: Date | null;

  /** The token itself, on a row that was just created. It is stored nowhere. */
  token?: string;
}
