import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { FlagField, IdField, IdFilter, IntegerField } from '../../crud/fields.js';
import { QueryInt } from '../../http/parameters.js';

const count = (example: number): PropertyDecorator => ApiProperty({ type: 'integer', example });
const usd = (example: number, description?: string): PropertyDecorator =>
  ApiProperty({ type: Number, description, example });

const UNPAID = 'The part of `cost_usd` that the balance didn’t cover';

/** What both periods and lines of the ledger sum up. */
class MeasuresView {
  @count(3)
  requests!: number;

  @count(1200)
  input_tokens!: number;

  @count(340)
  output_tokens!: number;

  @usd(0.0125)
  cost_usd!: number;

  @usd(0, UNPAID)
  unpaid_usd!: number;
}

export class QuotaPeriodView extends MeasuresView {
  @ApiProperty({ example: '2026-11-20', description: 'As in `quota:{key_id}:{quota_period}`' })
  period!: string;

  @ApiProperty({ example: '2026-11-20T05:00:00.000Z' })
  period_start!: Date;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 1000,
    description: 'The last one that was in force; null = none',
  })
  quota_limit!: number | null;

  @ApiProperty({ type: 'integer', example: 3, description: 'Quota units, what an operator set included' })
  used!: number;

  @ApiProperty({
    type: Date,
    nullable: true,
    example: null,
    description: 'When the next one began; spends may still come late',
  })
  closed_at!: Date | null;
}

export class LedgerLineView extends MeasuresView {
  @count(17)
  id!: number;

  @ApiProperty({ example: '2026-11-20T16:00:00.000Z' })
  at!: Date;

  @ApiProperty({ example: 'balancer-1' })
  node!: string;

  @ApiProperty({ example: '01J9Z3V5Q8' })
  batch_id!: string;

  @count(9)
  key_id!: number;

  @count(5)
  master_id!: number;

  @ApiProperty({ example: '2026-11-20T05:00:00.000Z', description: 'Of the quota period that it counts in' })
  period_start!: Date;

  @count(3)
  quota_units!: number;
}

export class LedgerLinesView {
  @ApiProperty({ type: [LedgerLineView], description: 'Newest first' })
  data!: LedgerLineView[];

  @ApiProperty({ type: String, nullable: true, example: '17', description: 'Null: that was all' })
  next_cursor!: string | null;
}

export class MasterUsageView extends MeasuresView {
  @ApiProperty({ type: Date, nullable: true, example: '2026-11-20T16:00:00.000Z' })
  last_accessed_at!: Date | null;
}

export class ApiKeyUsageView {
  @count(3)
  requests!: number;

  @count(1)
  errors!: number;
}

export class ListLedgerDto {
  @IdFilter()
  key_id?: number;

  @IdFilter()
  master_id?: number;

  @ApiPropertyOptional({ type: String, example: '17', description: '`next_cursor` of the page before' })
  @IsOptional()
  @Matches(/^[1-9]\d{0,17}$/)
  cursor?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1000, default: 100 })
  @IsOptional()
  @QueryInt(1, 1000)
  limit?: number;
}

export class ReconcileUsageDto {
  @FlagField({ description: 'Set counters that differ to what the ledger says', example: false })
  repair?: boolean;

  @IdField({ description: 'Begin after this key: `next_after_key_id` of the answer before', example: 1 })
  after_key_id?: number;

  @IdField({
    description: 'Compare no keys, but masters after this one: `next_after_master_id` of the answer before',
    example: 1,
  })
  after_master_id?: number;

  @IntegerField(1, 10_000, { description: 'Keys to compare, or masters; default 1,000', example: 1000 })
  limit?: number;
}

export class UsageDifferenceView {
  @ApiProperty({ enum: ['key', 'period', 'master'] })
  kind!: 'key' | 'period' | 'master';

  @ApiProperty({ type: 'integer', example: 9, description: 'Id of the key or the master' })
  id!: number;

  @ApiProperty({ type: Date, nullable: true, example: null, description: 'When the quota period began' })
  period_start!: Date | null;

  @ApiProperty({ example: 'request_count' })
  counter!: string;

  @ApiProperty({ example: 3, description: 'What the ledger says' })
  ledger!: number;

  @ApiProperty({ example: 4, description: 'What the counter says' })
  counted!: number;
}

export class RollupDifferenceView {
  @ApiProperty({ type: 'integer', example: 9 })
  key_id!: number;

  @ApiProperty({ example: 'requests' })
  counter!: string;

  @ApiProperty({ example: 3, description: 'What was settled' })
  ledger!: number;

  @ApiProperty({ example: 4, description: 'What access logs say' })
  logged!: number;
}

export class RollupComparisonView {
  @ApiProperty({ enum: ['compared', 'unavailable'], description: '`unavailable`: the log database does not answer' })
  state!: 'compared' | 'unavailable';

  @ApiProperty({
    type: [RollupDifferenceView],
    description: 'At most 1,000. Usage and access logs come on different ways, so these are shown and never repaired',
  })
  differences!: RollupDifferenceView[];
}

export class UsageReconciliationView {
  @count(1000)
  keys!: number;

  @ApiProperty({ type: [UsageDifferenceView] })
  differences!: UsageDifferenceView[];

  @ApiProperty({ description: 'Whether they have been repaired', example: false })
  repaired!: boolean;

  @ApiProperty({ description: 'The ledger against the roll-ups of access logs' })
  rollups!: RollupComparisonView;

  @ApiProperty({ type: 'integer', nullable: true, example: 1000, description: 'Null: every key was compared' })
  next_after_key_id!: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: null,
    description:
      'Masters are compared from the last page of keys on. Null: there are keys left, or every master was compared',
  })
  next_after_master_id!: number | null;
}
