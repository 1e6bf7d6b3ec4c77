import type { Edges } from './buckets.js';
import type { SumRow } from './stats-sql.js';
import { accumulate, noSums, subtract, type Sums, sumsOf } from './sums.js';

export interface Point {
  /** Beginning of the bucket, in milliseconds since 1970. */
  at: number;
  sums: Sums;
}

export interface Series {
  totals: Sums;
  points: Point[];
}

export interface Group extends Series {
  /** As the roll-ups have it. */
  value: string;
}

/** One point for each bucket, also for those in which nothing happened. */
export function completeSeries(rows: readonly SumRow[], edges: Edges): Series {
  const known = new Map(rows.map((row) => [row.bucket, sumsOf(row)]));
  return seriesOf(edges.slice(0, -1).map((at, i) => ({ at, sums: known.get(i + 1) ?? noSums() })));
}

/** In the order of `values`, with the buckets in which something happened. */
export function groupsOf(rows: readonly SumRow[], values: readonly string[], edges: Edges): Group[] {
  const points = new Map(values.map((value) => [value, [] as Point[]]));
  for (const row of rows) points.get(row.value!)!.push({ at: edges[row.bucket - 1]!, sums: sumsOf(row) });
  return [...points].map(([value, own]) => ({ value, ...seriesOf(own.toSorted((a, b) => a.at - b.at)) }));
}

/** What the groups leave of the whole. */
export function restOf(all: Series, groups: readonly Group[]): Series {
  const parts = new Map<number, Sums>();
  for (const { at, sums } of groups.flatMap(({ points }) => points)) {
    parts.set(at, accumulate(parts.get(at) ?? noSums(), sums));
  }
  const rest = all.points.map(({ at, sums }) => ({ at, sums: subtract(sums, parts.get(at) ?? noSums()) }));
  return seriesOf(rest.filter(({ sums }) => sums.requests > 0));
}

const seriesOf = (points: Point[]): Series => ({
  totals: points.reduce((totals, { sums }) => accumulate(totals, sums), noSums()),
  points,
});
