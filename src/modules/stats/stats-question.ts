import { invalidField } from '../../common/domain-error.js';
import { bucketEdges, type Edges } from './buckets.js';
import type { Dimension } from './rollup-levels.js';
import { DAY_MS, type Tier } from './rollup-tables.js';
import { type Grouping, MOST_GROUPS, type StatsQueryDto } from './stats.dto.js';
import type { Filter } from './stats-sql.js';

/** A request for statistics, with its defaults, found to be within the limits. */
export interface Question {
  edges: Edges;
  interval: Tier;
  zone: string;
  groupBy: Grouping | undefined;
  top: number;
  filter: Filter;
}

export const DIMENSION_OF: Record<Grouping, Dimension> = {
  master: 'master_id',
  key: 'key_id',
  provider: 'provider_id',
  model: 'model',
  namespace: 'namespace',
  status: 'status_class',
};

const MOST_DAYS: Record<Tier, number> = { minute: 2, hour: 31, day: 366 };

/** Points of all groups together: an answer has to be made and read by somebody. */
const MOST_POINTS = 20_000;
const USUAL_GROUPS = 10;

export function questionOf(query: StatsQueryDto, now: number): Question {
  const { interval = 'hour', timezone: zone = 'UTC', group_by: groupBy } = query;
  const to = query.to === undefined ? now : Date.parse(query.to);
  const from = query.from === undefined ? to - DAY_MS : Date.parse(query.from);
  refuseRange(from, to, interval);
  const edges = bucketEdges(interval, from, to, zone);
  return { edges, interval, zone, groupBy, top: topOf(query.top, edges.length - 1), filter: filterOf(query) };
}

const EARLIEST = 0;
/** Buckets go beyond the range, and a year has four digits. */
const LATEST = Date.UTC(9999, 11);

function refuseRange(from: number, to: number, interval: Tier): void {
  if (from < EARLIEST) throw invalidField('/from', 'from must not be before 1970');
  if (to > LATEST) throw invalidField('/to', 'to must not be after 9999-12-01');
  if (from >= to) throw invalidField('/from', 'from must be before to');
  const most = MOST_DAYS[interval];
  if (to - from > most * DAY_MS) {
    throw invalidField('/from', `from and to must be at most ${most} days apart with interval=${interval}`);
  }
}

function topOf(top: number | undefined, buckets: number): number {
  const most = Math.min(MOST_GROUPS, Math.floor(MOST_POINTS / buckets));
  if (top === undefined) return Math.min(USUAL_GROUPS, most);
  if (top > most) throw invalidField('/top', `top must be at most ${most} for ${buckets} buckets`);
  return top;
}

function filterOf({ master_id, key_id, provider_id, group_id, namespace, model, status }: StatsQueryDto): Filter {
  const status_class = status === undefined ? undefined : Number(status[0]);
  const wanted = { master_id, key_id, provider_id, group_id, namespace, model, status_class };
  return Object.fromEntries(
    Object.entries(wanted)
      .filter(([, value]) => value !== undefined)
      .map(([dimension, value]) => [dimension, [value]]),
  );
}
