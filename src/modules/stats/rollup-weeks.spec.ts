import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DAY_MS } from './rollup-tables.js';
import { splitWeeks, WEEK_MS, weekOf } from './rollup-weeks.js';
import type { Slice } from './slices.js';

const day = fc.integer({ min: 0, max: 30_000 }).map((n) => n * DAY_MS);

describe('weeks', () => {
  it('begin with Monday', () => {
    expect(weekOf(Date.parse('2026-11-20T12:00:00Z'))).toBe(Date.parse('2026-11-16T00:00:00Z'));
    expect(weekOf(Date.parse('2026-11-16T00:00:00Z'))).toBe(Date.parse('2026-11-16T00:00:00Z'));
    expect(weekOf(0)).toBe(Date.parse('1969-12-29T00:00:00Z'));
  });

  it('are read whole instead of their days, and days beside them, each once', () => {
    fc.assert(
      fc.property(day, fc.integer({ min: 1, max: 400 }), (from, days) => {
        const whole: Slice = { tier: 'day', from, to: from + days * DAY_MS };
        const { weeks, slices } = splitWeeks([whole]);
        for (const week of weeks) expect([weekOf(week.from), weekOf(week.to)]).toEqual([week.from, week.to]);
        const parts = [...weeks, ...slices].toSorted((a, b) => a.from - b.from);
        expect(parts.map(({ to }) => to).slice(0, -1)).toEqual(parts.map((part) => part.from).slice(1));
        expect([parts[0]!.from, parts.at(-1)!.to]).toEqual([whole.from, whole.to]);
        expect(slices.every(({ from: first, to }) => to - first < 2 * WEEK_MS)).toBe(true);
      }),
    );
  });

  it('stand for nothing narrower than a day', () => {
    const hours: Slice = { tier: 'hour', from: 0, to: 30 * DAY_MS };
    expect(splitWeeks([hours])).toEqual({ weeks: [], slices: [hours] });
  });
});
