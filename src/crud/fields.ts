import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, type ApiPropertyOptions } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
} from 'class-validator';
import { fitsDecimal, MONEY_DIGITS } from '../common/money.js';
import { NAME_PATTERN, NAMESPACE_PATTERN } from '../contract/names.js';
import { QueryFlag, QueryInt } from '../http/parameters.js';

type Digits = Parameters<typeof fitsDecimal>[1];

/** Options of one field of a DTO; everything else follows from its kind. */
export interface FieldOptions {
  required?: boolean;
  description?: string;
  example?: unknown;
}

const MOST_ENTRIES = 1000;

/** One field: how OpenAPI shows it, whether it may be absent, and its checks. */
function field(
  { required, ...options }: FieldOptions,
  schema: ApiPropertyOptions,
  ...checks: PropertyDecorator[]
): PropertyDecorator {
  const shown = { ...schema, ...options };
  return applyDecorators(...(required ? [ApiProperty(shown)] : [ApiPropertyOptional(shown), IsOptional()]), ...checks);
}

/** 1–128 letters, digits and `. _ : / @ + -`. */
export const NameField = (options: FieldOptions = {}): PropertyDecorator =>
  field(
    options,
    { type: String, minLength: 1, maxLength: 128, pattern: NAME_PATTERN.source },
    Matches(NAME_PATTERN, { message: '$property must be 1 to 128 letters, digits or . _ : / @ + -' }),
  );

export const NamespaceField = (options: FieldOptions = {}): PropertyDecorator =>
  field(
    options,
    { type: String, pattern: NAMESPACE_PATTERN.source },
    Matches(NAMESPACE_PATTERN, { message: '$property must be 1 to 63 of a-z 0-9 _ -, without a dot' }),
  );

export const TextField = (maxLength: number, options: FieldOptions & { minLength?: number } = {}): PropertyDecorator =>
  field(
    options,
    { type: String, maxLength },
    IsString(),
    options.minLength === undefined ? MaxLength(maxLength) : Length(options.minLength, maxLength),
  );

export const ChoiceField = (values: readonly string[], options: FieldOptions = {}): PropertyDecorator =>
  field(options, { enum: [...values] }, IsIn(values));

export const FlagField = (options: FieldOptions = {}): PropertyDecorator =>
  field(options, { type: Boolean }, IsBoolean());

export const IntegerField = (minimum: number, maximum: number, options: FieldOptions = {}): PropertyDecorator =>
  field(options, { type: 'integer', minimum, maximum }, IsInt(), Min(minimum), Max(maximum));

export const IdField = (options: FieldOptions = {}): PropertyDecorator =>
  IntegerField(1, Number.MAX_SAFE_INTEGER, options);

/** USD, or USD per million tokens. */
export const MoneyField = (options: FieldOptions = {}): PropertyDecorator => DecimalField(MONEY_DIGITS, options);

/** A decimal of at most 15 significant digits, which a double and the NUMERIC carry alike. */
export const DecimalField = (digits: Digits, options: FieldOptions = {}): PropertyDecorator =>
  field(
    options,
    { type: Number, minimum: 0, maximum: 10 ** (digits.precision - digits.scale) - 1 },
    ValidateBy({
      name: 'isDecimal',
      validator: {
        validate: (value) => typeof value === 'number' && value >= 0 && fitsDecimal(value, digits),
        defaultMessage: () => `$property must be a number from 0 with at most ${digits.scale} decimals`,
      },
    }),
  );

/** An instant, ISO 8601 with a zone. */
export const InstantField = (options: FieldOptions = {}): PropertyDecorator =>
  field(
    options,
    { type: String, format: 'date-time' },
    IsISO8601({ strict: true, strictSeparator: true }),
    // ISO 8601 also knows weeks, ordinal days and far time zones, which PostgreSQL does not.
    Matches(/^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-](0\d|1[0-4]):\d{2})$/, {
      message: '$property must be a date and time with its zone, like 2026-01-31T12:00:00Z',
    }),
  );

/** A text of a given form; `rule` completes "must be …". */
export const PatternField = (pattern: RegExp, rule: string, options: FieldOptions = {}): PropertyDecorator =>
  field(options, { type: String, pattern: pattern.source }, Matches(pattern, { message: `$property must be ${rule}` }));

/** Different texts, each matching `pattern`. */
export const ListField = (pattern: RegExp, rule: string, options: FieldOptions = {}): PropertyDecorator =>
  field(
    options,
    { type: 'array', items: { type: 'string' }, maxItems: MOST_ENTRIES, uniqueItems: true },
    IsArray(),
    ArrayMaxSize(MOST_ENTRIES),
    ArrayUnique(),
    IsString({ each: true }),
    Matches(pattern, { each: true, message: `each entry of $property must be ${rule}` }),
  );

/** A filter of a list: an id in the query string, in digits only. */
export const IdFilter = (): PropertyDecorator =>
  field({}, { type: 'integer', minimum: 1 }, QueryInt(1, Number.MAX_SAFE_INTEGER));

/** A filter of a list: `true` or `false` in the query string. */
export const FlagFilter = (options: FieldOptions = {}): PropertyDecorator =>
  field(options, { type: Boolean }, QueryFlag());
