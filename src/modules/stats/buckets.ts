import { periodAt } from '../../common/quota-calendar.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, type Tier } from './rollup-tables.js';

/** Instants in milliseconds since 1970, rising: bucket n is from `edges[n]` to before `edges[n + 1]`. */
export type Edges = readonly number[];

/**
 * The whole buckets that touch the range. Days are those of the calendar of the zone, with as many hours as the clocks give them;
 * hours are counted from the beginning of such a day.
 */
export function bucketEdges(interval: Tier, from: number, to: number, zone: string): Edges {
  if (interval === 'minute') return steps(from - (from % MINUTE_MS), to, MINUTE_MS);
  const days = dayEdges(from, to, zone);
  if (interval === 'day') return days;
  const hours = days.slice(1).flatMap((end, i) => steps(days[i]!, end, HOUR_MS).slice(0, -1));
  return touching([...hours, days.at(-1)!], from, to);
}

function dayEdges(from: number, to: number, zone: string): number[] {
  if (zone === 'UTC') return steps(from - (from % DAY_MS), to, DAY_MS);
  const { start, end } = periodAt(new Date(from), 'daily', zone);
  const edges = [start.getTime(), end.getTime()];
  while (edges.at(-1)! < to) edges.push(periodAt(new Date(edges.at(-1)!), 'daily', zone).end.getTime());
  return edges;
}

/** The last edge is the first at or after `to`. */
function steps(first: number, to: number, widthMs: number): number[] {
  const edges = [first];
  for (let edge = first + widthMs; edge < to + widthMs; edge += widthMs) edges.push(edge);
  return edges;
}

function touching(edges: Edges, from: number, to: number): Edges {
  const first = edges.findLastIndex((edge) => edge <= from);
  const last = edges.findIndex((edge) => edge >= to);
  return edges.slice(first, last + 1);
}
