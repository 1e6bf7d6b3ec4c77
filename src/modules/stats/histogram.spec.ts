import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bucketOf, type Counts, EDGES, ERROR_BOUND, packHistogram, quantiles, unpackHistogram } from './histogram.js';

const durations = fc.array(fc.integer({ min: 0, max: 2 ** 20 }), { minLength: 1, maxLength: 300 });

function countsOf(values: readonly number[]): Counts {
  const counts: Counts = new Map();
  for (const value of values) counts.set(bucketOf(value), (counts.get(bucketOf(value)) ?? 0) + 1);
  return counts;
}

/** As PostgreSQL writes the number out. */
const digitsOf = (packed: string): string => {
  const [mantissa, exponent = '0'] = packed.split('e');
  return String(BigInt(mantissa!) * 10n ** BigInt(exponent));
};

/** As PostgreSQL sends the number. */
function sent(digits: string): Buffer {
  const padded = digits === '0' ? '' : digits.padStart(Math.ceil(digits.length / 4) * 4, '0');
  const all = (padded.match(/.{4}/g) ?? []).map(Number);
  const most = all.slice(0, all.findLastIndex((digit) => digit > 0) + 1);
  const bytes = Buffer.alloc(8 + 2 * most.length);
  bytes.writeUInt16BE(most.length, 0);
  bytes.writeInt16BE(Math.max(0, all.length - 1), 2);
  for (const [i, digit] of most.entries()) bytes.writeUInt16BE(digit, 8 + 2 * i);
  return bytes;
}

const unpacked = (counts: Counts): number[] => unpackHistogram(sent(digitsOf(packHistogram(counts))));

describe('a histogram', () => {
  it('has edges that rise', () => {
    expect(EDGES.every((edge, i) => i === 0 || edge > EDGES[i - 1]!)).toBe(true);
  });

  it('comes back from PostgreSQL as it went there', () => {
    fc.assert(
      fc.property(durations, (values) => {
        const counts = countsOf(values);
        expect(new Map([...unpacked(counts).entries()].filter(([, count]) => count > 0))).toEqual(counts);
      }),
    );
  });

  it('adds up like a number', () => {
    const [a, b] = [countsOf([3, 90, 90]), countsOf([90, 1_000_000])].map((c) => BigInt(digitsOf(packHistogram(c))));
    expect(String(a! + b!)).toBe(digitsOf(packHistogram(countsOf([3, 90, 90, 90, 1_000_000]))));
  });

  it('estimates every quantile within its bound', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1), (values, q) => {
        const exact = values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * q) - 1)]!;
        const counts = unpacked(countsOf(values));
        // Half a millisecond is lost to rounding.
        expect(Math.abs(quantiles(counts, [q])[0]! - exact)).toBeLessThanOrEqual(exact * ERROR_BOUND + 0.5);
      }),
    );
  });

  it('says 2^20 ms of anything longer, and nothing without samples', () => {
    expect(quantiles(unpacked(countsOf([86_400_000])), [0.5])).toEqual([2 ** 20]);
    expect(quantiles(unpacked(new Map()), [0.5])).toEqual([null]);
  });
});
