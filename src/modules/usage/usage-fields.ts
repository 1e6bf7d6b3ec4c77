import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, ValidateBy } from 'class-validator';
import { isoInstant } from '../../common/time.js';
import { EVER, isQuotaPeriod } from '../../contract/quota-period.js';

const LAST_SECOND = 253_402_300_799;
const MOST_USD = 1_000_000;
const HOUR_MS = 3_600_000;

/** By how much the clock of a balancer may be ahead. */
export const AHEAD_MS = HOUR_MS;
/** Where a day begins first. */
const FIRST_ZONE_MS = 14 * HOUR_MS;

/** Balancers count in unix seconds, as all of Redis does; people and other programs write ISO 8601. */
export function instantOf(value: unknown): Date | undefined {
  if (typeof value === 'number') {
    return Number.isFinite(value) && value >= 0 && value <= LAST_SECOND ? new Date(value * 1000) : undefined;
  }
  const at = typeof value === 'string' ? isoInstant(value) : NaN;
  return at >= 0 ? new Date(at) : undefined;
}

export const UseTimeField = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      oneOf: [
        { type: 'number', minimum: 0, maximum: LAST_SECOND },
        { type: 'string', format: 'date-time' },
      ],
      description,
      example: 1_734_464_000,
    }),
    IsOptional(),
    checked('isInstant', (value) => instantOf(value) !== undefined, 'unix seconds, or a date and time with its zone'),
    checked('isUsed', (value) => !isAhead(instantOf(value)?.getTime()), NOT_AHEAD),
  );

/** Sums of floats are a little off the decimals that they stand for; they are rounded to billionths, not refused. */
export const CostField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: Number,
      minimum: 0,
      maximum: MOST_USD,
      description: 'Rounded to billionths; absent = 0',
      example: 0.0125,
    }),
    IsOptional(),
    checked(
      'isCost',
      (value) => typeof value === 'number' && value >= 0 && value <= MOST_USD,
      `a number from 0 to ${MOST_USD}`,
    ),
  );

export const PeriodField = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, description, example: '2026-11-20' }),
    IsOptional(),
    checked('isQuotaPeriod', isQuotaPeriod, 'all, a month like 2026-11 or a date like 2026-11-20'),
    checked('isBegun', (value) => !isAhead(earliestOf(value)), NOT_AHEAD),
  );

const NOT_AHEAD = 'no more than an hour ahead';

/** What can't be read is refused for that. */
const isAhead = (instant = -Infinity): boolean => instant > Date.now() + AHEAD_MS;

/** When the period begins where it does so first: the zone is the key's, and that may have been changed since. */
const earliestOf = (period: unknown): number | undefined =>
  isQuotaPeriod(period) && period !== EVER ? Date.parse(period) - FIRST_ZONE_MS : undefined;

const checked = (name: string, validate: (value: unknown) => boolean, rule: string): PropertyDecorator =>
  ValidateBy({ name, validator: { validate, defaultMessage: () => `$property must be ${rule}` } });
