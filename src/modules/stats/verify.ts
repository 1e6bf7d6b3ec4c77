import type pg from 'pg';
import { BEGIN } from '../../log-database/transaction.js';
import { RAW_MINUTES, rawParameters } from './raw-rows.js';
import { refuseUnprovable } from './rebuild.js';
import {
  allLevels,
  DAY_MS,
  DIMENSION_COLUMNS,
  keptSince,
  MEASURES,
  SUMS,
  tableOf,
  TIERS,
  type Tier,
} from './rollup-tables.js';
import { WEEK_MS, weekOf, WRONG_WEEKS } from './rollup-weeks.js';

export interface Difference {
  tier: Tier | 'week';
  /** Level, bucket, and dimensions. */
  row: Record<string, unknown>;
  /** Of the raw rows; null where they have nothing. */
  expected: Record<string, unknown> | null;
  /** Of the roll-ups; null where they have nothing. */
  found: Record<string, unknown> | null;
}

const MOST_DIFFERENCES = 20;

/**
 * Compares the roll-ups of a day of UTC with its raw rows, at all widths and levels, and its week with the days of it, in one snapshot:
 * records may come in meanwhile.
 * @returns the first differences of each width
 */
export async function verifyDay(client: pg.ClientBase, day: Date): Promise<Difference[]> {
  await client.query(BEGIN.read);
  await refuseUnprovable(client, day);
  const now = Date.now();
  const differences: Difference[] = [];
  for (const tier of TIERS.filter((one) => day.getTime() >= keptSince(one, now))) {
    const next = new Date(day.getTime() + DAY_MS);
    const { rows } = await client.query<Omit<Difference, 'tier'>>(differencesOf(tier), rawParameters(day, next));
    differences.push(...rows.map((row) => ({ tier, ...row })));
  }
  const week = weekOf(day.getTime());
  const { rows } = await client.query<Omit<Difference, 'tier'>>(`${WRONG_WEEKS} LIMIT ${MOST_DIFFERENCES}`, [
    new Date(week),
    new Date(week + WEEK_MS),
  ]);
  await client.query('COMMIT');
  return [...differences, ...rows.map((row) => ({ tier: 'week' as const, ...row }))];
}

const KEY = ['level', 'at', ...DIMENSION_COLUMNS].join(', ');

/** The deltas that wait belong to the roll-ups. */
const differencesOf = (tier: Tier): string => `
  WITH source AS MATERIALIZED (${RAW_MINUTES}),
  expected AS (${allLevels(tier, 'source')}),
  found AS (
    SELECT ${KEY}, ${SUMS} FROM (
      SELECT ${KEY}, ${MEASURES.join(', ')} FROM ${tableOf(tier)} WHERE at >= $1 AND at < $2
      UNION ALL (${allLevels(tier, 'logs.rollup_deltas', 'at >= $1 AND at < $2')})
    ) AS both_places GROUP BY ${KEY}
  )
  SELECT jsonb_build_object(${[...KEY.split(', ')].map((column) => `'${column}', ${column}`).join(', ')}) AS row,
         ${measuresOf('expected')} AS expected, ${measuresOf('found')} AS found
    FROM expected FULL JOIN found USING (${KEY})
   WHERE (${MEASURES.map((measure) => `expected.${measure}`).join(', ')})
         IS DISTINCT FROM (${MEASURES.map((measure) => `found.${measure}`).join(', ')})
   ORDER BY ${KEY} LIMIT ${MOST_DIFFERENCES}`;

/** Of histograms it is enough to know that they differ. */
const measuresOf = (side: string): string =>
  `CASE WHEN ${side}.requests IS NOT NULL THEN jsonb_build_object(${MEASURES.map((measure) =>
    measure.endsWith('_hist') ? `'${measure}', md5(${side}.${measure}::text)` : `'${measure}', ${side}.${measure}`,
  ).join(', ')}) END`;
