import { OPEN_PERIOD } from '../keys/key.entity.js';

/** What the ledger says of the keys in `page`, by period. Lines that went into sums count as they did before. */
const BOOKS = `
  line AS (
    SELECT key_id, period_start, requests, input_tokens, output_tokens, quota_units, cost_usd, unpaid_usd
      FROM usage.ledger WHERE key_id IN (SELECT id FROM page)
    UNION ALL
    SELECT key_id, period_start, requests, input_tokens, output_tokens, quota_units, cost_usd, unpaid_usd
      FROM usage.ledger_closed WHERE key_id IN (SELECT id FROM page)
  ), booked AS (
    SELECT key_id, period_start, sum(requests) AS requests, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
           sum(quota_units) AS used, sum(cost_usd) AS cost_usd, sum(unpaid_usd) AS unpaid_usd
      FROM line GROUP BY key_id, period_start
  ), expected AS (
    SELECT k.id, coalesce(sum(b.requests), 0) AS request_count, coalesce(sum(b.input_tokens + b.output_tokens), 0) AS used_tokens,
           k.quota_adjusted + coalesce(sum(b.used) FILTER (WHERE b.period_start = k.open_period), 0) AS quota_used
      FROM page k LEFT JOIN booked b ON b.key_id = k.id GROUP BY k.id, k.quota_adjusted
  )`;

const COLUMNS = `k.id, k.request_count, k.used_tokens, k.quota_used, k.quota_adjusted, ${OPEN_PERIOD} AS open_period`;

/** $1: the last key before, $2: how many keys. */
export const COMPARE_KEYS = `
  WITH page AS (SELECT ${COLUMNS} FROM keys k WHERE id > $1 ORDER BY id LIMIT $2), ${BOOKS}
  SELECT 'key' AS kind, e.id, NULL::timestamptz AS period_start, d.counter, d.ledger, d.counted
    FROM expected e JOIN page k ON k.id = e.id
   CROSS JOIN LATERAL (VALUES ('request_count', e.request_count, k.request_count), ('used_tokens', e.used_tokens, k.used_tokens),
                              ('quota_used', e.quota_used, k.quota_used)) AS d (counter, ledger, counted)
   WHERE d.ledger <> d.counted
  UNION ALL
  SELECT 'period', key_id, period_start, d.counter, coalesce(d.ledger, 0), coalesce(d.counted, 0)
    FROM booked b FULL JOIN (SELECT * FROM usage.periods WHERE key_id IN (SELECT id FROM page)) p USING (key_id, period_start)
   CROSS JOIN LATERAL (VALUES ('requests', b.requests, p.requests), ('input_tokens', b.input_tokens, p.input_tokens),
                              ('output_tokens', b.output_tokens, p.output_tokens), ('used', b.used, p.used),
                              ('cost_usd', b.cost_usd, p.cost_usd), ('unpaid_usd', b.unpaid_usd, p.unpaid_usd))
                      AS d (counter, ledger, counted)
   WHERE coalesce(d.ledger, 0) <> coalesce(d.counted, 0)
   ORDER BY 2, 1, 3, 4`;

/** The keys of the page: how many there are, and the last one. */
export const PAGE_OF_KEYS = `
  SELECT count(*)::int AS keys, max(id) AS last FROM (SELECT id FROM keys WHERE id > $1 ORDER BY id LIMIT $2) page`;

/** $1: keys that are locked. */
export const REPAIR_KEYS = `
  WITH page AS (SELECT ${COLUMNS} FROM keys k WHERE id = ANY ($1)), ${BOOKS}, periods AS (
    INSERT INTO usage.periods AS p
           (key_id, period_start, period, used, requests, input_tokens, output_tokens, cost_usd, unpaid_usd)
    SELECT key_id, period_start,
           CASE k.quota_reset_type WHEN 'none' THEN 'all'
             ELSE to_char(period_start AT TIME ZONE k.quota_timezone, CASE k.quota_reset_type WHEN 'monthly' THEN 'YYYY-MM' ELSE 'YYYY-MM-DD' END) END,
           coalesce(b.used, 0), coalesce(b.requests, 0), coalesce(b.input_tokens, 0), coalesce(b.output_tokens, 0),
           coalesce(b.cost_usd, 0), coalesce(b.unpaid_usd, 0)
      FROM booked b FULL JOIN (SELECT key_id, period_start FROM usage.periods WHERE key_id = ANY ($1)) known USING (key_id, period_start)
      JOIN keys k ON k.id = key_id
        ON CONFLICT (key_id, period_start) DO UPDATE
       SET used = EXCLUDED.used, requests = EXCLUDED.requests, input_tokens = EXCLUDED.input_tokens,
           output_tokens = EXCLUDED.output_tokens, cost_usd = EXCLUDED.cost_usd, unpaid_usd = EXCLUDED.unpaid_usd
  )
  UPDATE keys k SET request_count = e.request_count, used_tokens = e.used_tokens, quota_used = e.quota_used
    FROM expected e WHERE k.id = e.id`;

/** $1: masters. Lines that went into sums count as they did before. */
const MASTER_BOOKS = `
  booked AS (
    SELECT master_id, sum(requests) AS requests, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
           sum(cost_usd) AS cost_usd, sum(unpaid_usd) AS unpaid_usd
      FROM (SELECT master_id, requests, input_tokens, output_tokens, cost_usd, unpaid_usd
              FROM usage.ledger WHERE master_id = ANY ($1)
             UNION ALL
            SELECT master_id, requests, input_tokens, output_tokens, cost_usd, unpaid_usd
              FROM usage.ledger_closed WHERE master_id = ANY ($1)) line
     GROUP BY master_id
  )`;

/** $1: the last master before, $2: how many. Those that were deleted have their counters still. */
export const PAGE_OF_MASTERS = `
  (SELECT id FROM masters WHERE id > $1 ORDER BY id LIMIT $2)
   UNION
  (SELECT master_id FROM usage.masters WHERE master_id > $1 ORDER BY master_id LIMIT $2)
   ORDER BY id LIMIT $2`;

/** $1: masters. */
export const COMPARE_MASTERS = `
  WITH ${MASTER_BOOKS}
  SELECT 'master' AS kind, master_id AS id, NULL::timestamptz AS period_start, d.counter,
         coalesce(d.ledger, 0) AS ledger, coalesce(d.counted, 0) AS counted
    FROM booked b FULL JOIN (SELECT * FROM usage.masters WHERE master_id = ANY ($1)) m USING (master_id)
   CROSS JOIN LATERAL (VALUES ('requests', b.requests, m.requests), ('input_tokens', b.input_tokens, m.input_tokens),
                              ('output_tokens', b.output_tokens, m.output_tokens), ('cost_usd', b.cost_usd, m.cost_usd),
                              ('unpaid_usd', b.unpaid_usd, m.unpaid_usd)) AS d (counter, ledger, counted)
   WHERE coalesce(d.ledger, 0) <> coalesce(d.counted, 0)
   ORDER BY 2, 4`;

/** $1: masters. Each has a row then, which keeps flushes out between the sums and the counters: of these masters, and no other. */
export const LOCK_MASTERS = `
  INSERT INTO usage.masters AS m (master_id, requests, input_tokens, output_tokens, cost_usd, unpaid_usd)
  SELECT id, 0, 0, 0, 0, 0 FROM unnest($1::bigint[]) AS id ORDER BY id
      ON CONFLICT (master_id) DO UPDATE SET requests = m.requests`;

/** $1: masters that are locked. */
export const REPAIR_MASTERS = `
  WITH ${MASTER_BOOKS}
  UPDATE usage.masters m
     SET requests = coalesce(b.requests, 0), input_tokens = coalesce(b.input_tokens, 0),
         output_tokens = coalesce(b.output_tokens, 0), cost_usd = coalesce(b.cost_usd, 0), unpaid_usd = coalesce(b.unpaid_usd, 0)
    FROM unnest($1::bigint[]) AS id LEFT JOIN booked b ON b.master_id = id
   WHERE m.master_id = id`;
