import { OPEN_PERIOD } from '../keys/key.entity.js';

/** In the order of ids, as everywhere, so that two batches can't wait for each other in a circle. */
export const LOCK_KEYS = `
  SELECT id, date_trunc('second', created_at) AS created_at, quota_reset_type, quota_timezone, quota_reset_at,
         ${OPEN_PERIOD} AS period_start
    FROM keys k WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE`;

/**
 * Books spends of keys that are locked: $1 spends, $2 node, $3 batch. One line of the ledger for each key and period, and from the
 * same sums the counters of keys, periods and masters. What the balance doesn't cover, in the order of periods, stays unpaid.
 * Every part of the statement sees keys as they were before it.
 * Answers the keys that look different to balancers now.
 */
export const BOOK_SPENDS = `
  WITH spend AS (
    SELECT key_id, period_start, min(period) AS period, sum(requests)::bigint AS requests,
           sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
           sum(quota_units)::bigint AS quota_units, sum(round(cost_usd, 9)) AS cost_usd, max(last_used_at) AS last_used_at
      FROM jsonb_to_recordset($1::jsonb) AS s
           (key_id bigint, period_start timestamptz, period text, requests bigint, input_tokens bigint, output_tokens bigint,
            quota_units bigint, cost_usd numeric, last_used_at timestamptz)
     GROUP BY key_id, period_start
  ), priced AS (
    SELECT s.*, k.master_id, k.quota_limit, s.period_start = ${OPEN_PERIOD} AS is_open,
           CASE WHEN k.allow_overdraft THEN 0 ELSE least(s.cost_usd, greatest(0,
             sum(s.cost_usd) OVER (PARTITION BY s.key_id ORDER BY s.period_start) - greatest(k.balance, 0))) END AS unpaid_usd
      FROM spend s JOIN keys k ON k.id = s.key_id
  ), ledger AS (
    INSERT INTO usage.ledger (node, batch_id, key_id, master_id, period_start,
                              requests, input_tokens, output_tokens, quota_units, cost_usd, unpaid_usd)
    SELECT $2, $3, key_id, master_id, period_start, requests, input_tokens, output_tokens, quota_units, cost_usd, unpaid_usd
      FROM priced ORDER BY key_id, period_start
  ), periods AS (
    INSERT INTO usage.periods AS p
           (key_id, period_start, period, quota_limit, used, requests, input_tokens, output_tokens, cost_usd, unpaid_usd)
    SELECT key_id, period_start, period, quota_limit, quota_units, requests, input_tokens, output_tokens, cost_usd, unpaid_usd
      FROM priced
        ON CONFLICT (key_id, period_start) DO UPDATE
       SET used = p.used + EXCLUDED.used, requests = p.requests + EXCLUDED.requests,
           input_tokens = p.input_tokens + EXCLUDED.input_tokens, output_tokens = p.output_tokens + EXCLUDED.output_tokens,
           cost_usd = p.cost_usd + EXCLUDED.cost_usd, unpaid_usd = p.unpaid_usd + EXCLUDED.unpaid_usd,
           quota_limit = CASE WHEN p.closed_at IS NULL THEN EXCLUDED.quota_limit ELSE p.quota_limit END
  ), masters AS (
    INSERT INTO usage.masters AS m (master_id, requests, input_tokens, output_tokens, cost_usd, unpaid_usd, last_accessed_at)
    SELECT master_id, sum(requests), sum(input_tokens), sum(output_tokens), sum(cost_usd), sum(unpaid_usd), max(last_used_at)
      FROM priced GROUP BY master_id ORDER BY master_id
        ON CONFLICT (master_id) DO UPDATE
       SET requests = m.requests + EXCLUDED.requests, input_tokens = m.input_tokens + EXCLUDED.input_tokens,
           output_tokens = m.output_tokens + EXCLUDED.output_tokens, cost_usd = m.cost_usd + EXCLUDED.cost_usd,
           unpaid_usd = m.unpaid_usd + EXCLUDED.unpaid_usd,
           last_accessed_at = greatest(m.last_accessed_at, EXCLUDED.last_accessed_at)
  ), total AS (
    SELECT key_id, sum(requests) AS requests, sum(input_tokens + output_tokens) AS tokens,
           coalesce(sum(quota_units) FILTER (WHERE is_open), 0) AS open_units, sum(cost_usd - unpaid_usd) AS paid_usd,
           max(last_used_at) AS last_used_at
      FROM priced GROUP BY key_id
  ), counted AS (
    UPDATE keys k
       SET request_count = k.request_count + t.requests, used_tokens = k.used_tokens + t.tokens,
           quota_used = k.quota_used + t.open_units, balance = k.balance - t.paid_usd,
           balance_published =
             CASE WHEN k.balance_published > 0 AND k.balance <= t.paid_usd THEN k.balance - t.paid_usd ELSE k.balance_published END,
           last_accessed_at = greatest(k.last_accessed_at, t.last_used_at)
      FROM total t WHERE k.id = t.key_id
    RETURNING k.id, k.quota_limit, k.quota_used, k.balance, k.balance_published
  )
  SELECT c.id, c.quota_limit, c.quota_used, c.balance::float8 AS balance,
         coalesce(c.quota_used >= c.quota_limit AND was.quota_used < was.quota_limit, false) AS is_exhausted_now
    FROM counted c JOIN keys was ON was.id = c.id
   WHERE (c.quota_used >= c.quota_limit AND was.quota_used < was.quota_limit) OR c.balance_published <> was.balance_published
   ORDER BY c.id`;

/** $1 counts. Answers the ids of API keys that there are. */
export const COUNT_PROVIDERS = `
  WITH counts AS (
    SELECT provider_id, sum(requests) AS requests, sum(errors) AS errors
      FROM jsonb_to_recordset($1::jsonb) AS c (provider_id bigint, requests bigint, errors bigint)
     WHERE EXISTS (SELECT FROM api_keys WHERE id = provider_id)
     GROUP BY provider_id
  )
  INSERT INTO usage.api_keys AS a (api_key_id, requests, errors)
  SELECT provider_id, requests, errors FROM counts ORDER BY provider_id
      ON CONFLICT (api_key_id) DO UPDATE
     SET requests = a.requests + EXCLUDED.requests, errors = a.errors + EXCLUDED.errors, counted_at = now()
  RETURNING api_key_id AS id`;
