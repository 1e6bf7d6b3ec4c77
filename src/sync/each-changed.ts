/**
 * One row of `sync_resource` may stand for all keys of a master. Whoever asks what has changed gets these keys in its
 * place: rows shaped like `sync_resource`, out of `touched`, which holds those of its rows that are newer than $1.
 *
 * OFFSET 0 keeps the planner from looking through all keys for the few rows that stand for some.
 */
export const EACH_CHANGED = `
  SELECT t.kind, t.ref, t.version, t.deleted, t.changed_at, t.attempts, t.last_error, t.quarantined_at
    FROM touched t WHERE t.kind <> 'master_keys'
  UNION ALL
  SELECT each.kind, each.ref, t.version, each.deleted, t.changed_at, each.attempts, each.last_error, each.quarantined_at
    FROM (SELECT * FROM touched WHERE kind = 'master_keys' OFFSET 0) t
   CROSS JOIN LATERAL (
     SELECT s.* FROM keys k
       JOIN key_secrets secret ON secret.key_id = k.id AND secret.revoked_at IS NULL
       JOIN sync_resource s ON s.kind = 'key' AND s.ref = secret.token_hash AND s.version <= $1
      WHERE k.master_id = t.ref::bigint OFFSET 0) each`;
