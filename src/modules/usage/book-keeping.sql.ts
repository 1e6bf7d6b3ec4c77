/** How much of the books is worked through by one statement. */
export const AT_ONCE = 10_000;

/** A month and some, so that the lines of a monthly period are there while it is open. */
const LEDGER_KEPT = `interval '35 days'`;
/** No balancer repeats a batch for longer. */
const BATCHES_KEPT = `interval '7 days'`;

/**
 * Ids are as old as lines, to some seconds, and there is an index of ids: only the first lines are looked at, however many are
 * too young. Those that another replica is at are skipped, for they are gone when it is done.
 */
export const CLOSE_LINES = `
  WITH old AS (
    DELETE FROM usage.ledger WHERE id = ANY (ARRAY(
      SELECT id FROM usage.ledger WHERE id = ANY (ARRAY(
        SELECT id FROM (SELECT id, at FROM usage.ledger ORDER BY id LIMIT ${AT_ONCE}) oldest WHERE at < now() - ${LEDGER_KEPT}))
       ORDER BY id FOR UPDATE SKIP LOCKED))
    RETURNING *
  ), closed AS (
    INSERT INTO usage.ledger_closed AS c
           (key_id, master_id, period_start, requests, input_tokens, output_tokens, quota_units, cost_usd, unpaid_usd)
    SELECT key_id, master_id, period_start, sum(requests), sum(input_tokens), sum(output_tokens), sum(quota_units),
           sum(cost_usd), sum(unpaid_usd)
      FROM old GROUP BY key_id, master_id, period_start ORDER BY key_id, period_start
        ON CONFLICT (key_id, period_start) DO UPDATE
       SET requests = c.requests + EXCLUDED.requests, input_tokens = c.input_tokens + EXCLUDED.input_tokens,
           output_tokens = c.output_tokens + EXCLUDED.output_tokens, quota_units = c.quota_units + EXCLUDED.quota_units,
           cost_usd = c.cost_usd + EXCLUDED.cost_usd, unpaid_usd = c.unpaid_usd + EXCLUDED.unpaid_usd
  )
  SELECT count(*)::int AS done FROM old`;

export const FORGET_BATCHES = `
  WITH old AS (
    DELETE FROM usage.batches WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM usage.batches WHERE at < now() - ${BATCHES_KEPT} ORDER BY at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED))
    RETURNING 1
  )
  SELECT count(*)::int AS done FROM old`;
