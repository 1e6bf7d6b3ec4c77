import type { ValueTransformer } from 'typeorm';

/** pg hands bigint over as text. Ids and counters stay far below 2^53; versions do not use this and stay text. */
export const bigintNumber: ValueTransformer = {
  from: (value: string | null) => (value === null ? null : Number(value)),
  to: (value: unknown) => value,
};

/** NUMERIC with at most 15 significant digits, so that the double is exactly the decimal that was stored. */
export const decimalNumber: ValueTransformer = {
  from: (value: string | null) => (value === null ? null : Number(value)),
  to: (value: unknown) => value,
};

export const BIGINT = { type: 'bigint', transformer: bigintNumber } as const;
export const MONEY = { type: 'numeric', precision: 15, scale: 6, default: 0, transformer: decimalNumber } as const;
/**
 * Money that is spent in amounts below a millionth, and so wide that no spending comes to its end. The double is the closest one
 * to the decimal, with which it shares 15 significant digits.
 */
export const SPENT_MONEY = { ...MONEY, precision: 24, scale: 9 } as const;
export const TIMESTAMP = { type: 'timestamptz' } as const;
export const TEXT_LIST = { type: 'text', array: true, default: '{}' } as const;
