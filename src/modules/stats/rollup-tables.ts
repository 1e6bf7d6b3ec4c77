import { type Dimension, GROUPING_SETS, LEVEL_OF_GROUP, NOTHING } from './rollup-levels.js';

/** Widths of the roll-ups, finest first. */
export const TIERS = ['minute', 'hour', 'day'] as const;

export type Tier = (typeof TIERS)[number];

export const tableOf = (tier: Tier): string => `logs.rollup_${tier}s`;

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const WIDTH_MS: Record<Tier, number> = { minute: MINUTE_MS, hour: HOUR_MS, day: DAY_MS };

/** How long roll-ups are kept: days for ever. */
export const KEPT_MS: Record<Tier, number> = { minute: 7 * DAY_MS, hour: 180 * DAY_MS, day: Infinity };

/** The beginning of the first bucket that is kept for sure; older ones may be gone, or may not. */
export function keptSince(tier: Tier, now: number): number {
  if (KEPT_MS[tier] === Infinity) return -Infinity;
  const since = now - KEPT_MS[tier];
  return since - (since % DAY_MS);
}

export const DIMENSION_COLUMNS = Object.keys(NOTHING) as Dimension[];

export const MEASURES = [
  'requests',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'cost_usd',
  'latency_hist',
  'ttft_hist',
] as const;

export const SUMS = MEASURES.map((measure) => `sum(${measure}) AS ${measure}`).join(', ');

/** In SQL: the bucket in which an instant lies. It doesn't depend on the time zone of the session. */
export const bucketOfTier = (tier: Tier, at = 'at'): string =>
  `date_bin('1 ${tier}', ${at}, TIMESTAMPTZ '2000-01-01 00:00:00Z')`;

export const KEY_COLUMNS = ['level', 'at', ...DIMENSION_COLUMNS].join(', ');

const ADDED = MEASURES.map((measure) => `${measure} = r.${measure} + EXCLUDED.${measure}`).join(', ');

/** Adds rows of `source`, which have all dimensions, to the roll-ups of a tier, at all levels. */
export const addToTier = (tier: Tier, source: string, condition = 'true'): string => `
  INSERT INTO ${tableOf(tier)} AS r (${KEY_COLUMNS}, ${MEASURES.join(', ')})
  ${allLevels(tier, source, condition)}
  ON CONFLICT (${KEY_COLUMNS}) DO UPDATE SET ${ADDED}`;

/** What the roll-ups of a tier are of these rows. */
export const allLevels = (tier: Tier, source: string, condition = 'true'): string => `
  SELECT ${LEVEL_OF_GROUP} AS level, at, ${DIMENSION_COLUMNS.map(orNothing).join(', ')}, ${SUMS}
    FROM (SELECT ${bucketOfTier(tier)} AS at, ${[...DIMENSION_COLUMNS, ...MEASURES].join(', ')}
            FROM ${source} WHERE ${condition}) AS rows
   GROUP BY ${GROUPING_SETS}`;

const orNothing = (column: Dimension): string => {
  const nothing = NOTHING[column];
  return `coalesce(${column}, ${nothing === '' ? `''` : nothing}) AS ${column}`;
};
