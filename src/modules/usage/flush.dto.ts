import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsOptional, ValidateNested } from 'class-validator';
import { IdField, IntegerField, PatternField } from '../../crud/fields.js';
import { CostField, PeriodField, UseTimeField } from './usage-fields.js';

const MOST_ITEMS = 1_000;
/** Of one line. A year of such batches still stays exact in a JSON number. */
const MOST_COUNTED = 1_000_000_000_000;
const NAME = /^[\x21-\x7e]{1,128}$/;
const NAME_RULE = '1 to 128 visible ASCII characters';
const ABSENT_IS_0 = { description: 'Absent = 0' };

/** What one key has used since it was last flushed. */
export class UsageEntryDto {
  @IdField({ required: true, example: 9 })
  key_id!: number;

  @IntegerField(0, MOST_COUNTED, { ...ABSENT_IS_0, example: 3 })
  requests?: number;

  @IntegerField(0, MOST_COUNTED, { ...ABSENT_IS_0, example: 1200 })
  input_tokens?: number;

  @IntegerField(0, MOST_COUNTED, { ...ABSENT_IS_0, example: 340 })
  output_tokens?: number;

  @IntegerField(0, MOST_COUNTED, { ...ABSENT_IS_0, example: 3 })
  quota_units?: number;

  @CostField()
  cost_usd?: number;

  @PeriodField(
    '`quota_period` of the key when it was used; absent: the period that has `last_used_at`, or else now. No more than an hour ahead',
  )
  period?: string;

  @UseTimeField('Unix seconds, or ISO 8601; no more than an hour ahead')
  last_used_at?: number | string;
}

/** What one upstream credential was asked since it was last flushed. */
export class ProviderUsageDto {
  @IdField({ required: true, description: 'Provider id, which is that of its API key', example: 42 })
  provider_id!: number;

  @IntegerField(0, MOST_COUNTED, { ...ABSENT_IS_0, example: 3 })
  requests?: number;

  @IntegerField(0, MOST_COUNTED, { ...ABSENT_IS_0, example: 1 })
  errors?: number;
}

export class FlushUsageDto {
  @PatternField(NAME, NAME_RULE, { required: true, description: 'The balancer', example: 'balancer-1' })
  node!: string;

  @PatternField(NAME, NAME_RULE, {
    required: true,
    description: 'Chosen by the balancer, the same for every repetition of this batch and for no other',
    example: '01J9Z3V5Q8',
  })
  batch_id!: string;

  @ApiPropertyOptional({ type: [UsageEntryDto], maxItems: MOST_ITEMS })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MOST_ITEMS)
  @ValidateNested({ each: true })
  @Type(() => UsageEntryDto)
  entries?: UsageEntryDto[];

  @ApiPropertyOptional({ type: [ProviderUsageDto], maxItems: MOST_ITEMS })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MOST_ITEMS)
  @ValidateNested({ each: true })
  @Type(() => ProviderUsageDto)
  providers?: ProviderUsageDto[];
}

export class UnknownIdsView {
  @ApiProperty({ type: [Number], example: [] })
  keys!: number[];

  @ApiProperty({ type: [Number], example: [404] })
  providers!: number[];
}

export class FlushedUsageView {
  @ApiProperty({ example: 'balancer-1' })
  node!: string;

  @ApiProperty({ example: '01J9Z3V5Q8' })
  batch_id!: string;

  @ApiProperty({ description: 'Whether it had been counted before; it is counted once', example: false })
  duplicate!: boolean;

  @ApiProperty({ description: 'Ids that nothing has, or has any more. What was said of them is not counted' })
  unknown!: UnknownIdsView;
}
