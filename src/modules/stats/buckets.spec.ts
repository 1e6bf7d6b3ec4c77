import { describe, expect, it } from '@jest/globals';
import { bucketEdges } from './buckets.js';
import { HOUR_MS, type Tier } from './rollup-tables.js';

const edges = (interval: Tier, from: string, to: string, zone = 'UTC'): string[] =>
  bucketEdges(interval, Date.parse(from), Date.parse(to), zone).map((at) => new Date(at).toISOString());

describe('buckets', () => {
  it('are whole, and as many as the range touches', () => {
    expect(edges('minute', '2026-11-20T10:00:30Z', '2026-11-20T10:02:01Z')).toEqual([
      '2026-11-20T10:00:00.000Z',
      '2026-11-20T10:01:00.000Z',
      '2026-11-20T10:02:00.000Z',
      '2026-11-20T10:03:00.000Z',
    ]);
    expect(edges('hour', '2026-11-20T10:59:00Z', '2026-11-20T12:00:00Z')).toEqual([
      '2026-11-20T10:00:00.000Z',
      '2026-11-20T11:00:00.000Z',
      '2026-11-20T12:00:00.000Z',
    ]);
    expect(edges('day', '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z')).toHaveLength(2);
  });

  it('are days of 23 and 25 hours where clocks are moved', () => {
    const lengths = (from: string, to: string): number[] => {
      const at = edges('day', from, to, 'America/New_York').map((edge) => Date.parse(edge));
      return at.slice(1).map((end, i) => (end - at[i]!) / HOUR_MS);
    };
    expect(lengths('2026-03-07T12:00:00Z', '2026-03-09T12:00:00Z')).toEqual([24, 23, 24]);
    expect(lengths('2026-10-31T12:00:00Z', '2026-11-02T12:00:00Z')).toEqual([24, 25, 24]);
  });

  it('begin with the day of the zone, also at half past', () => {
    expect(edges('day', '2026-11-20T10:00:00Z', '2026-11-20T11:00:00Z', 'Asia/Kolkata')).toEqual([
      '2026-11-19T18:30:00.000Z',
      '2026-11-20T18:30:00.000Z',
    ]);
    expect(edges('hour', '2026-11-20T10:00:00Z', '2026-11-20T11:00:00Z', 'Asia/Kolkata')).toEqual([
      '2026-11-20T09:30:00.000Z',
      '2026-11-20T10:30:00.000Z',
      '2026-11-20T11:30:00.000Z',
    ]);
  });
});
