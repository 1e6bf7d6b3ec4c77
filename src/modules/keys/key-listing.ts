/** What a list of keys can be narrowed to: the master's group and namespaces count where a key has none of its own. */
export const KEY_FILTERS = {
  status: 'r.status = :status',
  group: `(r.group = :group OR r.group = '' AND EXISTS (
             SELECT 1 FROM masters m WHERE m.id = r.master_id AND m."group" = :group))`,
  namespace: `(:namespace = ANY (r.namespaces) OR r.namespaces = '{}' AND EXISTS (
                 SELECT 1 FROM masters m WHERE m.id = r.master_id AND :namespace = ANY (m.namespaces)))`,
  token_hash: 'r.id = (SELECT s.key_id FROM key_secrets s WHERE s.token_hash = :token_hash)',
  expired: '(r.expires_at IS NOT NULL AND r.expires_at <= now()) = CAST(:expired AS boolean)',
  exhausted: '(r.quota_limit IS NOT NULL AND r.quota_used >= r.quota_limit) = CAST(:exhausted AS boolean)',
};

export const KEY_SEARCH = ['r.name'];
