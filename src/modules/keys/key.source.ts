import { keyImage, type KeyFacts } from './key.projection.js';

type KeyRow = (KeyFacts | { id: null }) & { version: string };

/** From `sync_resource s` to the facts of a secret. */
export const KEY_JOINS = `
      LEFT JOIN key_secrets secret ON s.kind = 'key' AND secret.token_hash = s.ref
      LEFT JOIN keys k ON k.id = secret.key_id
      LEFT JOIN masters m ON m.id = k.master_id`;

/** A change of the master is one of all its keys. A revoked secret looks the same whoever owns it. */
const KEY_VERSION = `(CASE WHEN secret.revoked_at IS NULL THEN greatest(s.version, whole.version) ELSE s.version END)`;

/** Secrets that must not open anything: what Redis has to learn first. */
export const KEY_IS_DENIED = `
  (s.kind = 'key' AND (k.id IS NULL OR secret.revoked_at IS NOT NULL OR k.status <> 'active' OR m.status <> 'active'
                       OR k.quota_used >= k.quota_limit) IS TRUE)`;

export const keySource = {
  sql: `
    SELECT s.ref, ${KEY_VERSION}::text AS version, s.attempts, s.ref AS token_hash, secret.revoked_at IS NOT NULL AS is_secret_revoked,
           floor(extract(epoch FROM least(k.expires_at, secret.expires_at)))::bigint AS expires_at,
           k.id, k.master_id, k."group", k.status, k.weight, k.balance_published AS balance, k.scopes, k.namespaces, k.default_namespace,
           k.model_limits_enabled, k.model_limits, k.allow_ips, k.deny_ips, k.quota_limit, k.quota_used,
           k.quota_reset_type, k.quota_timezone, floor(extract(epoch FROM coalesce(k.quota_period_start, k.created_at)))::bigint AS quota_period_start,
           m.status AS master_status, m.epoch AS master_epoch, m."group" AS master_group,
           m.namespaces AS master_namespaces, m.default_namespace AS master_default_namespace
      FROM picked s ${KEY_JOINS}
      LEFT JOIN sync_resource whole ON whole.kind = 'master_keys' AND whole.ref = k.master_id::text`,

  image: (row: KeyRow) => keyImage(row.id === null ? null : row, row.version),
};
