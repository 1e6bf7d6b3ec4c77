import type pg from 'pg';
import { DAY_MS } from './rollup-tables.js';
import type { Slice } from './slices.js';

export const WEEKS = 'logs.rollup_weeks_by_key';

export const WEEK_MS = 7 * DAY_MS;

/** A Monday. */
const ORIGIN = Date.UTC(2000, 0, 3);

export const weekOf = (at: number): number => at - ((((at - ORIGIN) % WEEK_MS) + WEEK_MS) % WEEK_MS);

/** From `from` until before `to`, in milliseconds since 1970. */
export interface Range {
  from: number;
  to: number;
}

/** Whole weeks where days would be read, and what is left of the slices. */
export function splitWeeks(slices: readonly Slice[]): { weeks: Range[]; slices: Slice[] } {
  const weeks: Range[] = [];
  const others = slices.flatMap((slice) => {
    const from = weekOf(slice.from + WEEK_MS - 1);
    const to = weekOf(slice.to);
    if (slice.tier !== 'day' || from >= to) return [slice];
    weeks.push({ from, to });
    const ends = [
      { ...slice, to: from },
      { ...slice, from: to },
    ];
    return ends.filter((end) => end.from < end.to);
  });
  return { weeks, slices: others };
}

/** In SQL: requests of keys by week, of rows that have all dimensions or those of the level of keys. */
const sumsByWeek = (source: string, condition = 'true'): string => `
  SELECT date_bin('7 days', at, TIMESTAMPTZ '${new Date(ORIGIN).toISOString()}') AS at, status_class, key_id,
         sum(requests)::bigint AS requests
    FROM ${source} WHERE ${condition} GROUP BY 1, 2, 3`;

/** In SQL: adds rows that have all dimensions. */
export const addToWeeks = (source: string): string => `
  INSERT INTO ${WEEKS} AS r (at, status_class, key_id, requests)
  ${sumsByWeek(source)}
  ON CONFLICT (at, status_class, key_id) DO UPDATE SET requests = r.requests + EXCLUDED.requests`;

const SUMS_OF_DAYS = sumsByWeek('logs.rollup_days', 'level = 12 AND at >= $1 AND at < $2');

/** Counts weeks anew that begin from `from` to before `to`, from their days, which are never gone. Within a transaction. */
export async function recountWeeks(client: pg.ClientBase, from: number, to: number): Promise<void> {
  const range = [new Date(from), new Date(to)];
  await client.query(`DELETE FROM ${WEEKS} WHERE at >= $1 AND at < $2`, range);
  await client.query(`INSERT INTO ${WEEKS} (at, status_class, key_id, requests) ${SUMS_OF_DAYS}`, range);
}

/** Weeks that begin from $1 to before $2, and are not the sums of their days. */
export const WRONG_WEEKS = `
  WITH expected AS (${SUMS_OF_DAYS}), found AS (SELECT * FROM ${WEEKS} WHERE at >= $1 AND at < $2)
  SELECT jsonb_build_object('at', at, 'status_class', status_class, 'key_id', key_id) AS row,
         CASE WHEN expected.requests IS NOT NULL THEN jsonb_build_object('requests', expected.requests) END AS expected,
         CASE WHEN found.requests IS NOT NULL THEN jsonb_build_object('requests', found.requests) END AS found
    FROM expected FULL JOIN found USING (at, status_class, key_id)
   WHERE expected.requests IS DISTINCT FROM found.requests
   ORDER BY at, status_class, key_id`;
