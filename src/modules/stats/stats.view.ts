import { ApiExtraModels, ApiProperty } from '@nestjs/swagger';
import { NOTHING } from './rollup-levels.js';
import { TIERS, type Tier } from './rollup-tables.js';
import type { Point, Series } from './series.js';
import { DIMENSION_OF, type Question } from './stats-question.js';
import type { Stats } from './stats.service.js';
import { type Quantiles, quantilesOf, type Sums } from './sums.js';

class QuantilesView implements Quantiles {
  @ApiProperty({ type: 'integer', nullable: true, example: 420 })
  p50!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 1800 })
  p95!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 4200 })
  p99!: number | null;
}

class SumsView {
  @ApiProperty({ type: 'integer', example: 1200 })
  requests!: number;

  @ApiProperty({ type: 'integer', description: 'Of those, with a status from 400 on, or none', example: 12 })
  errors!: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Errors by requests; null without requests',
    example: 0.01,
  })
  error_rate!: number | null;

  @ApiProperty({ type: 'integer', example: 340000 })
  input_tokens!: number;

  @ApiProperty({ type: 'integer', example: 120000 })
  output_tokens!: number;

  @ApiProperty({ type: 'integer', example: 90000 })
  cached_tokens!: number;

  @ApiProperty({ type: Number, example: 12.345678901 })
  cost_usd!: number;

  @ApiProperty({ type: QuantilesView, description: 'Estimates, at most 9 % off; null where nobody measured' })
  latency_ms!: QuantilesView;

  @ApiProperty({ type: QuantilesView, description: 'Time to the first token, estimated in the same way' })
  ttft_ms!: QuantilesView;
}

class StatsPointView extends SumsView {
  @ApiProperty({ description: 'Beginning of the bucket' })
  at!: Date;
}

@ApiExtraModels(StatsPointView)
class StatsGroupView {
  @ApiProperty({
    oneOf: [{ type: 'integer' }, { type: 'string' }],
    nullable: true,
    description: 'Id, name, or class of the status; null: records without one, and the others',
    example: 7,
  })
  value!: number | string | null;

  @ApiProperty({ description: 'All groups together that are not in the list' })
  is_other!: boolean;

  @ApiProperty({ type: SumsView })
  totals!: SumsView;

  @ApiProperty({ type: [StatsPointView], description: 'Buckets in which nothing happened are left out' })
  series!: StatsPointView[];
}

export class StatsView {
  @ApiProperty({ description: 'Beginning of the first bucket' })
  from!: Date;

  @ApiProperty({ description: 'End of the last bucket' })
  to!: Date;

  @ApiProperty({ enum: TIERS })
  interval!: Tier;

  @ApiProperty({ example: 'UTC' })
  timezone!: string;

  @ApiProperty({ enum: TIERS, description: 'The widest roll-ups that were read' })
  resolution!: Tier;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'Roll-ups that fit the buckets before this are no longer kept: wider ones stand in, whole, in the bucket of their middle, and buckets narrower than all that is kept are empty. Null: everything is exact',
  })
  exact_since!: Date | null;

  @ApiProperty({ type: SumsView })
  totals!: SumsView;

  @ApiProperty({ type: [StatsPointView], description: 'All buckets, oldest first' })
  series!: StatsPointView[];

  @ApiProperty({ type: [StatsGroupView], description: 'Busiest first; empty without `group_by`' })
  groups!: StatsGroupView[];
}

export function toStatsView({ question, reading, all, groups, rest }: Stats): StatsView {
  const { edges, interval, zone, groupBy } = question;
  const others = rest && rest.totals.requests > 0 ? [{ value: null, is_other: true, ...toSeriesView(rest) }] : [];
  return {
    from: new Date(edges[0]!),
    to: new Date(edges.at(-1)!),
    interval,
    timezone: zone,
    resolution: TIERS.findLast((tier) => reading.slices.some((slice) => slice.tier === tier)) ?? interval,
    exact_since: reading.exactSince === undefined ? null : new Date(reading.exactSince),
    ...toSeriesView(all),
    groups: [
      ...groups.map((group) => ({ value: valueOf(group.value, groupBy!), is_other: false, ...toSeriesView(group) })),
      ...others,
    ],
  };
}

function valueOf(value: string, groupBy: NonNullable<Question['groupBy']>): number | string | null {
  const nothing = NOTHING[DIMENSION_OF[groupBy]];
  if (value === String(nothing)) return null;
  if (groupBy === 'status') return `${value}xx`;
  return nothing === '' ? value : Number(value);
}

const toSeriesView = ({ totals, points }: Series): { totals: SumsView; series: StatsPointView[] } => ({
  totals: toSumsView(totals),
  series: points.map(toPointView),
});

const toPointView = ({ at, sums }: Point): StatsPointView => ({ at: new Date(at), ...toSumsView(sums) });

function toSumsView({ requests, errors, latency, ttft, cost_nano_usd, ...tokens }: Sums): SumsView {
  return {
    requests,
    errors,
    error_rate: requests === 0 ? null : errors / requests,
    input_tokens: Number(tokens.input_tokens),
    output_tokens: Number(tokens.output_tokens),
    cached_tokens: Number(tokens.cached_tokens),
    cost_usd: toUsd(cost_nano_usd),
    latency_ms: quantilesOf(latency),
    ttft_ms: quantilesOf(ttft),
  };
}

/** The number nearest to the decimal: dividing would round twice. */
function toUsd(nano: bigint): number {
  const digits = String(nano).padStart(10, '0');
  return Number(`${digits.slice(0, -9)}.${digits.slice(-9)}`);
}
