import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { periodAt } from './quota-calendar.js';

const period = (instant: string, type: 'daily' | 'weekly' | 'monthly', zone: string): string[] => {
  const { start, end } = periodAt(new Date(instant), type, zone);
  return [start, end].map((date) => date.toISOString().replace(':00.000Z', 'Z'));
};

describe('periodAt', () => {
  it.each([
    ['daily', '2026-05-13T12:00:00Z', ['2026-05-13T00:00Z', '2026-05-14T00:00Z']],
    ['weekly', '2026-05-13T12:00:00Z', ['2026-05-11T00:00Z', '2026-05-18T00:00Z']],
    ['monthly', '2026-12-31T23:59:59Z', ['2026-12-01T00:00Z', '2027-01-01T00:00Z']],
    ['monthly', '2028-02-29T00:00:00Z', ['2028-02-01T00:00Z', '2028-03-01T00:00Z']],
  ] as const)('is the calendar period, %s at %s', (type, instant, expected) =>
    expect(period(instant, type, 'UTC')).toEqual(expected),
  );

  it('begins a week on Monday, and Sunday is its last day', () => {
    expect(period('2026-05-11T00:00:00Z', 'weekly', 'UTC')[0]).toBe('2026-05-11T00:00Z');
    expect(period('2026-05-17T23:59:59Z', 'weekly', 'UTC')[0]).toBe('2026-05-11T00:00Z');
  });

  it('begins with its first instant and ends before its last', () => {
    expect(period('2026-05-13T00:00:00Z', 'daily', 'UTC')[0]).toBe('2026-05-13T00:00Z');
    expect(period('2026-05-12T23:59:59.999Z', 'daily', 'UTC')[1]).toBe('2026-05-13T00:00Z');
  });

  it.each([
    ['lasts 23 hours when clocks go forward', '2026-03-08T12:00:00Z', ['2026-03-08T05:00Z', '2026-03-09T04:00Z']],
    ['lasts 25 hours when they go back', '2026-11-01T12:00:00Z', ['2026-11-01T04:00Z', '2026-11-02T05:00Z']],
  ])('%s in New York', (_what, instant, expected) =>
    expect(period(instant, 'daily', 'America/New_York')).toEqual(expected),
  );

  it('keeps to midnight in New York over a month and a week with a change of clocks', () => {
    expect(period('2026-03-20T00:00:00Z', 'monthly', 'America/New_York')).toEqual([
      '2026-03-01T05:00Z',
      '2026-04-01T04:00Z',
    ]);
    expect(period('2026-11-01T05:30:00Z', 'weekly', 'America/New_York')).toEqual([
      '2026-10-26T04:00Z',
      '2026-11-02T05:00Z',
    ]);
  });

  it('knows half hours', () => {
    expect(period('2026-05-31T18:29:59Z', 'monthly', 'Asia/Kolkata')).toEqual([
      '2026-04-30T18:30Z',
      '2026-05-31T18:30Z',
    ]);
    expect(period('2026-05-31T18:30:00Z', 'monthly', 'Asia/Kolkata')).toEqual([
      '2026-05-31T18:30Z',
      '2026-06-30T18:30Z',
    ]);
  });

  it('begins at one o’clock on a day that has no midnight', () => {
    expect(period('2018-11-04T12:00:00Z', 'daily', 'America/Sao_Paulo')).toEqual([
      '2018-11-04T03:00Z',
      '2018-11-05T02:00Z',
    ]);
  });

  it('begins with the first of two midnights', () => {
    expect(period('2026-11-01T04:30:00Z', 'daily', 'America/Havana')[0]).toBe('2026-11-01T04:00Z');
    expect(period('2026-11-01T05:30:00Z', 'daily', 'America/Havana')[0]).toBe('2026-11-01T04:00Z');
  });

  it('has no gap where clocks were put back over midnight, and the date came twice', () => {
    const minutes = Array.from({ length: 120 }, (_, i) => new Date(Date.parse('2010-11-07T02:00:00Z') + i * 60_000));
    const periods = minutes.map((at) => ({ at, ...periodAt(at, 'daily', 'America/St_Johns') }));
    expect(periods.filter(({ at, start, end }) => at < start || at >= end)).toEqual([]);
    expect(new Set(periods.map(({ start }) => start.getTime())).size).toBe(2);
  });

  it('is found in every zone for every instant, and the next one begins where it ends', () => {
    const zone = fc.constantFrom('UTC', ...Intl.supportedValuesOf('timeZone'));
    const instant = fc.date({ min: new Date('1995-01-01'), max: new Date('2045-01-01'), noInvalidDate: true });
    const type = fc.constantFrom('daily' as const, 'weekly' as const, 'monthly' as const);
    fc.assert(
      fc.property(instant, type, zone, (at, of, where) => {
        const { start, end } = periodAt(at, of, where);
        expect([start <= at, at < end]).toEqual([true, true]);
        expect(periodAt(start, of, where)).toEqual({ start, end });
        expect(periodAt(new Date(end.getTime() - 1), of, where)).toEqual({ start, end });
        expect(periodAt(end, of, where).start).toEqual(end);
      }),
      { numRuns: 3000 },
    );
  });
});
