import { ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { IsOptional, ValidateBy } from 'class-validator';
import { isIanaZone } from '../../common/time.js';
import { ChoiceField, IdFilter, InstantField, TextField } from '../../crud/fields.js';
import { QueryInt } from '../../http/parameters.js';
import { TIERS, type Tier } from './rollup-tables.js';

export const MOST_GROUPS = 100;

const OWN_GROUPINGS = ['key', 'model', 'namespace', 'status'] as const;
const GROUPINGS = ['master', 'provider', ...OWN_GROUPINGS] as const;

export type Grouping = (typeof GROUPINGS)[number];

export const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

export class StatsQueryDto {
  @InstantField({ description: 'The bucket in which this lies is the first; by default 24 hours before `to`' })
  from?: string;

  @InstantField({ description: 'Exclusive; the bucket in which this lies is the last; by default now' })
  to?: string;

  @ChoiceField(TIERS, { description: 'Width of a bucket; `hour` by default' })
  interval?: Tier;

  @ChoiceField(GROUPINGS, { description: 'Adds series of the busiest of these' })
  group_by?: Grouping;

  @ApiPropertyOptional({
    type: String,
    default: 'UTC',
    example: 'America/New_York',
    description: 'IANA name of the time zone whose days and hours are the buckets',
  })
  @IsOptional()
  @ValidateBy({
    name: 'isTimeZone',
    validator: { validate: isIanaZone, defaultMessage: () => '$property must be the IANA name of a time zone' },
  })
  timezone?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MOST_GROUPS,
    description:
      'How many groups have a series of their own, the others being one; 10 by default, fewer where buckets are many',
  })
  @IsOptional()
  @QueryInt(1, MOST_GROUPS)
  top?: number;

  @IdFilter()
  master_id?: number;

  @IdFilter()
  key_id?: number;

  @IdFilter()
  provider_id?: number;

  @IdFilter()
  group_id?: number;

  @TextField(256, { minLength: 1 })
  namespace?: string;

  @TextField(256, { minLength: 1, description: 'Public model' })
  model?: string;

  @ChoiceField(STATUS_CLASSES, { description: 'Class of the status' })
  status?: (typeof STATUS_CLASSES)[number];
}

/** Tenants learn nothing of each other, and nothing of who serves them. */
export class OwnStatsQueryDto extends OmitType(StatsQueryDto, ['master_id', 'provider_id', 'group_id', 'group_by']) {
  @ChoiceField(OWN_GROUPINGS, { description: 'Adds series of the busiest of these' })
  group_by?: (typeof OWN_GROUPINGS)[number];
}
