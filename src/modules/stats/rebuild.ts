import type pg from 'pg';
import { BEGIN } from '../../log-database/transaction.js';
import { RAW_MINUTES, rawParameters } from './raw-rows.js';
import { lockRollups } from './rollup-lock.js';
import { ensurePartitions } from './rollup-partitions.js';
import {
  allLevels,
  bucketOfTier,
  DAY_MS,
  DIMENSION_COLUMNS,
  KEY_COLUMNS,
  keptSince,
  MEASURES,
  SUMS,
  tableOf,
  TIERS,
  type Tier,
} from './rollup-tables.js';
import { recountWeeks, WEEK_MS, weekOf } from './rollup-weeks.js';

/** Raw rows of the day are gone, at least in part: what the roll-ups have of them can't be had from anywhere else. */
export class RawRowsGone extends Error {}

/**
 * Replaces the roll-ups of a day of UTC by what its raw rows say. Records may come in meanwhile: what is committed by the time of the
 * snapshot is in the raw rows, and its deltas go; everything later keeps its deltas. The session holds the lock until it ends.
 * @returns how many requests were counted
 */
export async function rebuildDay(client: pg.ClientBase, day: Date): Promise<number> {
  await lockRollups(client);
  await client.query(BEGIN.snapshot);
  const next = new Date(day.getTime() + DAY_MS);
  await refuseUnprovable(client, day);
  await ensurePartitions(client, [day.getTime()]);
  for (const table of ['logs.rollup_deltas', ...TIERS.map(tableOf)]) {
    await client.query(`DELETE FROM ${table} WHERE at >= $1 AND at < $2`, [day, next]);
  }
  const requests = await countDay(client, day);
  const week = weekOf(day.getTime());
  await recountWeeks(client, week, week + WEEK_MS);
  await client.query('COMMIT');
  return requests;
}

/**
 * Writes the roll-ups of a day of UTC, of which there are none, but for those by week. Within a transaction, which it makes sort: nearly every group is of a
 * few rows, and sums of numeric take so much memory each that hashing them would be done on the disk.
 * @returns how many requests were counted
 */
export async function countDay(client: pg.ClientBase, day: Date): Promise<number> {
  await client.query(`SET LOCAL enable_hashagg = off; SET LOCAL work_mem = '256MB'; SET LOCAL jit = off`);
  const now = Date.now();
  const kept = TIERS.filter((tier) => day.getTime() >= keptSince(tier, now));
  const { rows } = await client.query<{ requests: string }>(
    `WITH source AS MATERIALIZED (${RAW_MINUTES}), by_hour AS MATERIALIZED (${allLevels('hour', 'source')}),
     ${kept.map((tier) => `${tier}s AS (INSERT INTO ${tableOf(tier)} (${COLUMNS}) ${ROWS[tier]})`).join(', ')}
     SELECT coalesce(sum(requests), 0) AS requests FROM source`,
    rawParameters(day, new Date(day.getTime() + DAY_MS)),
  );
  return Number(rows[0]!.requests);
}

const COLUMNS = `${KEY_COLUMNS}, ${MEASURES.join(', ')}`;

/** The hours of a day are fewer than its minutes, and have all levels already. */
const ROWS: Record<Tier, string> = {
  minute: allLevels('minute', 'source'),
  hour: `SELECT ${COLUMNS} FROM by_hour`,
  day: `SELECT level, ${bucketOfTier('day')}, ${DIMENSION_COLUMNS.join(', ')}, ${SUMS}
          FROM by_hour GROUP BY level, ${bucketOfTier('day')}, ${DIMENSION_COLUMNS.join(', ')}`,
};

/** Roll-ups of a time for which there is no raw row that old any more. */
const UNPROVABLE = `
  WITH oldest AS (SELECT coalesce(min(at), 'infinity') AS at FROM logs.records WHERE at >= $1)
  SELECT EXISTS (SELECT FROM logs.rollup_days r, oldest WHERE r.level = 0 AND r.at = $1 AND oldest.at >= $2)
      OR EXISTS (SELECT FROM logs.rollup_hours r, oldest
                  WHERE r.level = 0 AND r.at >= $1 AND r.at < $2 AND r.at < ${bucketOfTier('hour', 'oldest.at')})
      OR EXISTS (SELECT FROM logs.rollup_minutes r, oldest
                  WHERE r.level = 0 AND r.at >= $1 AND r.at < $2 AND r.at < ${bucketOfTier('minute', 'oldest.at')}) AS gone`;

/** Within a transaction that compares or replaces. */
export async function refuseUnprovable(client: pg.ClientBase, day: Date): Promise<void> {
  const next = new Date(day.getTime() + DAY_MS);
  const { rows } = await client.query<{ gone: boolean }>(UNPROVABLE, [day, next]);
  if (!rows[0]!.gone) return;
  const date = day.toISOString().slice(0, 10);
  throw new RawRowsGone(`records of ${date} are gone, so nothing can be said of its roll-ups`);
}
