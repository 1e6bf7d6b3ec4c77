import { revokedTokenRecord, tokenRecord, type TokenRecord } from '../../contract/hash-records.js';
import { inheritedFields } from '../../contract/inheritance.js';
import { quotaPeriod } from '../../contract/quota-period.js';
import { encodeKey, type KeySnapshot } from '../../contract/snapshots.js';
import type { Master } from '../masters/master.entity.js';
import type { Key } from './key.entity.js';

/** One secret with its key and its master. */
export interface KeyFacts extends Pick<
  Key,
  | 'id'
  | 'master_id'
  | 'group'
  | 'status'
  | 'weight'
  | 'balance'
  | 'scopes'
  | 'namespaces'
  | 'default_namespace'
  | 'model_limits_enabled'
  | 'model_limits'
  | 'allow_ips'
  | 'deny_ips'
  | 'quota_limit'
  | 'quota_used'
  | 'quota_reset_type'
  | 'quota_timezone'
> {
  token_hash: string;
  is_secret_revoked: boolean;
  /** Unix seconds: the end of the key or of a rotation overlap, whichever is first. */
  expires_at: number | null;
  /** Unix seconds. */
  quota_period_start: number;
  master_status: Master['status'];
  master_epoch: number;
  master_group: string;
  master_namespaces: string[];
  master_default_namespace: string;
}

/** What Redis holds for a secret, as of `version`. Null facts: the secret was deleted. */
export function keyImage(facts: KeyFacts | null, version: string): KeyImage {
  if (facts === null || facts.is_secret_revoked) return { field: undefined, record: revokedTokenRecord(version) };
  const snapshot = keySnapshot(facts);
  return { field: encodeKey(snapshot), record: tokenRecord(snapshot, version) };
}

export interface KeyImage {
  field: string | undefined;
  record: TokenRecord;
}

export function keySnapshot(facts: KeyFacts): KeySnapshot {
  const { group, namespaces, default_namespace } = inheritedFields(facts);
  return {
    id: facts.id,
    token_hash: facts.token_hash,
    group,
    status: statusOf(facts),
    weight: facts.weight,
    balance: facts.balance,
    master_id: facts.master_id,
    epoch: facts.master_epoch,
    scopes: facts.scopes,
    namespaces,
    default_namespace,
    model_limits_enabled: facts.model_limits_enabled,
    model_limits: facts.model_limits,
    allow_ips: facts.allow_ips,
    deny_ips: facts.deny_ips,
    expires_at: facts.expires_at ?? undefined,
    ...quotaOf(facts),
  };
}

function quotaOf(facts: KeyFacts): Pick<KeySnapshot, 'quota_limit' | 'quota_period'> {
  const { quota_limit, quota_reset_type, quota_period_start, quota_timezone } = facts;
  if (quota_limit === null) return {};
  return {
    quota_limit,
    quota_period: quotaPeriod(quota_reset_type, new Date(quota_period_start * 1000), quota_timezone),
  };
}

/** The reason that can't be undone first. */
function statusOf({ status, master_status, quota_limit, quota_used }: KeyFacts): KeySnapshot['status'] {
  if (status === 'revoked') return 'revoked';
  if (status === 'suspended' || master_status === 'suspended') return 'suspended';
  return quota_limit !== null && quota_used >= quota_limit ? 'exhausted' : 'active';
}
