import { describe, expect, it } from '@jest/globals';
import { fitsDecimal, MONEY_DIGITS, UNIT_PRICE_DIGITS } from './money.js';

describe('fitsDecimal', () => {
  it.each([0, -0, 1, -1, 0.000001, 123.45, 999_999_999.999999, -999_999_999.999999, 100_000_000])(
    'takes %p as an amount of money',
    (value) => expect(fitsDecimal(value, MONEY_DIGITS)).toBe(true),
  );

  it.each([1e9, 0.0000001, 1.2345678, 0.1 + 0.2, 1e300, 5e-324, NaN, Infinity, '1', null])(
    'refuses %p as an amount of money',
    (value) => expect(fitsDecimal(value, MONEY_DIGITS)).toBe(false),
  );

  it('takes a price of a single token', () => {
    expect(fitsDecimal(0.00000015, UNIT_PRICE_DIGITS)).toBe(true);
    expect(fitsDecimal(1e-12, UNIT_PRICE_DIGITS)).toBe(true);
    expect(fitsDecimal(1e-13, UNIT_PRICE_DIGITS)).toBe(false);
    expect(fitsDecimal(1000, UNIT_PRICE_DIGITS)).toBe(false);
  });
});
