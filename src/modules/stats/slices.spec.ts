import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bucketEdges } from './buckets.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, type Tier, TIERS, WIDTH_MS } from './rollup-tables.js';
import { type Reading, readingOf } from './slices.js';

const NOW = Date.parse('2026-11-20T12:34:56Z');

const reading = (interval: Tier, from: number, to: number, zone = 'UTC'): Reading =>
  readingOf(bucketEdges(interval, from, to, zone), interval, NOW);

describe('what is read', () => {
  it('is one stretch of days where the days are those of UTC', () => {
    const { slices, exactSince } = reading('day', NOW - 30 * DAY_MS, NOW);
    expect(slices.map(({ tier }) => tier)).toEqual(['day']);
    expect(exactSince).toBeUndefined();
  });

  it('is hours for days that begin with another hour', () => {
    const { slices, exactSince } = reading('day', NOW - 30 * DAY_MS, NOW, 'America/New_York');
    expect(slices.map(({ tier }) => tier)).toEqual(['hour']);
    expect(exactSince).toBeUndefined();
  });

  it('has minutes in the hours that a midnight divides', () => {
    const { slices, exactSince } = reading('day', NOW - 2 * DAY_MS, NOW, 'Asia/Kolkata');
    const minutes = slices.filter(({ tier }) => tier === 'minute');
    expect(minutes.map(({ from, to }) => (to - from) / MINUTE_MS)).toEqual([30, 60, 60, 30]);
    expect(slices.filter(({ tier }) => tier === 'hour').map(({ from, to }) => (to - from) / HOUR_MS)).toEqual([
      23, 23, 23,
    ]);
    expect(exactSince).toBeUndefined();
  });

  it('has whole hours in their stead when minutes are gone, and says since when it is exact', () => {
    const { slices, exactSince } = reading('day', NOW - 20 * DAY_MS, NOW, 'Asia/Kolkata');
    expect(slices[0]!.tier).toBe('hour');
    expect(new Date(exactSince!).toISOString()).toBe('2026-11-12T19:00:00.000Z');
  });

  it('is nothing where all is gone that is as narrow as the buckets', () => {
    const { slices, exactSince } = reading('minute', NOW - 30 * DAY_MS, NOW - 29 * DAY_MS);
    expect(slices).toEqual([]);
    expect(exactSince).toBeGreaterThan(NOW - 30 * DAY_MS);
  });

  it('has each minute once, from the first edge to the last, whatever the zone', () => {
    const zones = ['UTC', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia'];
    fc.assert(
      fc.property(
        fc.constantFrom(...TIERS),
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 6 * DAY_MS }),
        fc.integer({ min: 1, max: 2 * DAY_MS }),
        (interval, zone, age, length) => {
          const edges = bucketEdges(interval, NOW - age, NOW - age + length, zone);
          const { slices } = readingOf(edges, interval, NOW);
          expect(slices.every(({ from, to, tier }) => from % WIDTH_MS[tier] === 0 && to % WIDTH_MS[tier] === 0)).toBe(
            true,
          );
          expect(slices[0]!.from).toBe(edges[0]);
          expect(slices.at(-1)!.to).toBe(edges.at(-1));
          expect(slices.slice(1).every(({ from }, i) => from === slices[i]!.to)).toBe(true);
        },
      ),
    );
  });
});
