import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayUnique, IsArray, IsOptional, ValidateBy } from 'class-validator';
import { canonicalIpRange } from '../../common/ip-range.js';
import { isIanaZone } from '../../common/time.js';

const MOST_RANGES = 1000;

/** Addresses and CIDR blocks. They are taken in any spelling and kept in one, so that two spellings are one entry. */
export const IpRangesField = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'array',
      items: { type: 'string' },
      maxItems: MOST_RANGES,
      uniqueItems: true,
      description,
      example: ['192.0.2.0/24', '2001:db8::1'],
    }),
    IsOptional(),
    Transform(({ value }: { value: unknown }) =>
      Array.isArray(value) ? value.map((entry: unknown) => canonicalIpRange(entry) ?? entry) : value,
    ),
    IsArray(),
    ArrayMaxSize(MOST_RANGES),
    ArrayUnique(),
    ValidateBy(
      {
        name: 'isIpRange',
        validator: {
          validate: (entry) => canonicalIpRange(entry) !== undefined,
          defaultMessage: () => 'each entry of $property must be an address or a CIDR block, v4 or v6',
        },
      },
      { each: true },
    ),
  );

export const TimeZoneField = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, description, example: 'Europe/Berlin' }),
    IsOptional(),
    ValidateBy({
      name: 'isTimeZone',
      validator: { validate: isIanaZone, defaultMessage: () => '$property must be the IANA name of a time zone' },
    }),
  );
