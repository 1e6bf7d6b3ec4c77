/** The widest numbers that PostgreSQL keeps and a JSON number carries exactly: 15 significant digits. */
export const MONEY_DIGITS = { precision: 15, scale: 6 } as const;
export const UNIT_PRICE_DIGITS = { precision: 15, scale: 12 } as const;

/** Whether NUMERIC(precision, scale) holds this number as it was written, without rounding or overflow. */
export function fitsDecimal(value: unknown, { precision, scale }: { precision: number; scale: number }): boolean {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  const match = /^-?(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential());
  const [, , fraction = '', exponent] = match!;
  const integerDigits = Math.max(Number(exponent) + 1, 0);
  const fractionDigits = Math.max(fraction.length - Number(exponent), 0);
  return integerDigits <= precision - scale && fractionDigits <= scale;
}
