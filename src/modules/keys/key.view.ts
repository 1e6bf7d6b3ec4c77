import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ResourceView, resourceView } from '../../crud/resource-view.js';
import type { KeySecret } from './key-secret.entity.js';
import type { Key, KeyStatus, QuotaResetType } from './key.entity.js';

export const KEY_STATUSES = ['active', 'suspended', 'revoked'] as const satisfies readonly KeyStatus[];
export const RESET_TYPES = ['none', 'daily', 'weekly', 'monthly'] as const satisfies readonly QuotaResetType[];

const EXAMPLE_TOKEN = 'ezk_0123456789abcdefghijklmnopqrstuvwxyzABCDa1B2';
const SHOWN_ONCE = 'What clients send. Shown here and never again; present when it was just made';

export class TokenSecretView {
  @ApiProperty({ type: 'integer', example: 1 })
  id!: number;

  @ApiProperty({ example: 'ezk_…a1B2' })
  hint!: string;

  @ApiProperty()
  created_at!: Date;

  @ApiProperty({ type: Date, nullable: true, description: 'End of a rotation overlap' })
  expires_at!: Date | null;

  @ApiProperty({ type: Date, nullable: true })
  revoked_at!: Date | null;
}

/** What a tenant sees of a key. */
export class TokenView extends ResourceView {
  @ApiProperty({ type: 'integer', example: 1 })
  master_id!: number;

  @ApiProperty({ example: 'ci' })
  name!: string;

  @ApiProperty({ example: 'default', description: 'Route group; empty = the master’s' })
  group!: string;

  @ApiProperty({ enum: KEY_STATUSES, example: 'active' })
  status!: KeyStatus;

  @ApiProperty({ type: 'integer', example: 1 })
  weight!: number;

  @ApiProperty({ example: 25.5, description: 'USD, exact to 15 significant digits' })
  balance!: number;

  @ApiProperty({ example: false, description: 'Whether usage may take the balance below 0' })
  allow_overdraft!: boolean;

  @ApiProperty({ type: [String], example: ['chat:*'] })
  scopes!: string[];

  @ApiProperty({ type: [String], example: ['default'], description: 'Empty = all of the master’s' })
  namespaces!: string[];

  @ApiProperty({ example: 'default', description: 'Empty = the master’s' })
  default_namespace!: string;

  @ApiProperty({ example: true })
  model_limits_enabled!: boolean;

  @ApiProperty({ type: [String], example: ['gpt-4o'] })
  model_limits!: string[];

  @ApiProperty({ type: [String], example: ['192.0.2.0/24'] })
  allow_ips!: string[];

  @ApiProperty({ type: [String], example: [] })
  deny_ips!: string[];

  @ApiProperty({ type: Date, nullable: true })
  expires_at!: Date | null;

  @ApiProperty({ example: false, description: 'Whether `expires_at` has passed' })
  expired!: boolean;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 1_000_000,
    description: 'Quota units in one period; null = no limit',
  })
  quota_limit!: number | null;

  @ApiProperty({ type: 'integer', example: 0 })
  quota_used!: number;

  @ApiProperty({ example: false, description: 'Whether the quota of this period is spent' })
  exhausted!: boolean;

  @ApiProperty({ enum: RESET_TYPES, example: 'monthly' })
  quota_reset_type!: QuotaResetType;

  @ApiProperty({ example: 'Europe/Berlin' })
  quota_timezone!: string;

  @ApiProperty({ type: Date, nullable: true })
  quota_period_start!: Date | null;

  @ApiProperty({ type: Date, nullable: true })
  quota_reset_at!: Date | null;

  @ApiProperty({ type: Date, nullable: true })
  last_accessed_at!: Date | null;

  @ApiProperty({ type: 'integer', example: 0 })
  request_count!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  used_tokens!: number;

  @ApiProperty({ type: [TokenSecretView], description: 'Oldest first' })
  secrets!: TokenSecretView[];
}

export class IssuedTokenView extends TokenView {
  @ApiPropertyOptional({ example: EXAMPLE_TOKEN, description: SHOWN_ONCE })
  token?: string;
}

export class KeySecretView extends TokenSecretView {
  @ApiProperty({
    example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    description: 'Lower-case hex SHA-256 of what clients send',
  })
  token_hash!: string;
}

/** What an operator sees. */
export class KeyView extends TokenView {
  @ApiProperty({ type: [KeySecretView], description: 'Oldest first' })
  declare secrets: KeySecretView[];
}

export class IssuedKeyView extends KeyView {
  @ApiPropertyOptional({ example: EXAMPLE_TOKEN, description: SHOWN_ONCE })
  token?: string;
}

export const toTokenView = (row: Key): TokenView => ({ ...keyFields(row), secrets: row.secrets.map(secretFields) });

export const toIssuedTokenView = (row: Key): IssuedTokenView => ({ ...toTokenView(row), token: row.token });

export const toKeyView = (row: Key): KeyView => ({
  ...keyFields(row),
  secrets: row.secrets.map((secret) => ({ ...secretFields(secret), token_hash: secret.token_hash })),
});

export const toIssuedKeyView = (row: Key): IssuedKeyView => ({ ...toKeyView(row), token: row.token });

function keyFields(row: Key): Omit<TokenView, 'secrets'> {
  return {
    ...resourceView(row),
    master_id: row.master_id,
    name: row.name,
    group: row.group,
    status: row.status,
    weight: row.weight,
    balance: row.balance,
    allow_overdraft: row.allow_overdraft,
    scopes: row.scopes,
    namespaces: row.namespaces,
    default_namespace: row.default_namespace,
    model_limits_enabled: row.model_limits_enabled,
    model_limits: row.model_limits,
    allow_ips: row.allow_ips,
    deny_ips: row.deny_ips,
    expires_at: row.expires_at,
    expired: row.expires_at !== null && row.expires_at.getTime() <= Date.now(),
    quota_limit: row.quota_limit,
    quota_used: row.quota_used,
    exhausted: row.quota_limit !== null && row.quota_used >= row.quota_limit,
    quota_reset_type: row.quota_reset_type,
    quota_timezone: row.quota_timezone,
    quota_period_start: row.quota_period_start,
    quota_reset_at: row.quota_reset_at,
    last_accessed_at: row.last_accessed_at,
    request_count: row.request_count,
    used_tokens: row.used_tokens,
  };
}

const secretFields = ({ id, hint, created_at, expires_at, revoked_at }: KeySecret): TokenSecretView => ({
  id,
  hint,
  created_at,
  expires_at,
  revoked_at,
});
