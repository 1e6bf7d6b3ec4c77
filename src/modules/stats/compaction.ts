import type pg from 'pg';
import { ensurePartitions } from './rollup-partitions.js';
import { addToTier, bucketOfTier, DIMENSION_COLUMNS, keptSince, SUMS } from './rollup-tables.js';
import { addToWeeks } from './rollup-weeks.js';

/**
 * Moves deltas into the roll-ups: one statement, so that whoever reads finds each request in one place or in the other, never in
 * both or none. What is late goes into its own bucket like everything else, unless roll-ups so old are no longer kept.
 */
const MOVE = `
  WITH gone AS (
    DELETE FROM logs.rollup_deltas WHERE ctid = ANY (ARRAY(SELECT ctid FROM logs.rollup_deltas LIMIT $3))
    RETURNING *
  ), source AS MATERIALIZED (
    SELECT at, ${DIMENSION_COLUMNS.join(', ')}, ${SUMS}, count(*) AS deltas
      FROM gone GROUP BY at, ${DIMENSION_COLUMNS.join(', ')}
  ), minutes AS (${addToTier('minute', 'source', 'at >= $1')}
  ), hours AS (${addToTier('hour', 'source', 'at >= $2')}
  ), days AS (${addToTier('day', 'source')}
  ), weeks AS (${addToWeeks('source')})
  SELECT coalesce(sum(deltas), 0)::int AS moved FROM source`;

/** The caller holds the lock. @returns how many deltas were moved; `most` means that there may be more */
export async function moveDeltas(client: pg.ClientBase, most: number): Promise<number> {
  const { rows: days } = await client.query<{ day: Date }>(
    `SELECT DISTINCT ${bucketOfTier('day')} AS day FROM logs.rollup_deltas`,
  );
  const since = { minute: keptSince('minute', Date.now()), hour: keptSince('hour', Date.now()) };
  await ensurePartitions(
    client,
    days.map(({ day }) => day.getTime()),
  );
  const { rows } = await client.query<{ moved: number }>(MOVE, [new Date(since.minute), new Date(since.hour), most]);
  await client.query('UPDATE logs.rollup_state SET compacted_at = now()');
  return rows[0]!.moved;
}
