import { describe, expect, it } from '@jest/globals';
import { periodAt, type QuotaResetType } from '../../common/quota-calendar.js';
import { periodOf, type KeyCalendar } from './spend-period.js';

/** A Friday. */
const NOW = new Date('2026-11-20T17:00:00Z');

function keyOf(quota_reset_type: QuotaResetType, quota_timezone = 'UTC'): KeyCalendar {
  const created_at = new Date('2026-01-01T00:00:00Z');
  const calendar = { created_at, quota_reset_type, quota_timezone };
  if (quota_reset_type === 'none') return { ...calendar, period_start: created_at, quota_reset_at: null };
  const { start, end } = periodAt(NOW, quota_reset_type, quota_timezone);
  return { ...calendar, period_start: start, quota_reset_at: end };
}

describe('periodOf', () => {
  it.each<[QuotaResetType, string, string]>([
    ['none', 'all', 'all'],
    ['daily', '2026-11-20', '2026-11-20'],
    ['daily', '2026-11-19', '2026-11-19'],
    ['weekly', '2026-11-16', '2026-11-16'],
    ['weekly', '2026-11-09', '2026-11-09'],
    ['monthly', '2026-10', '2026-10'],
  ])('counts for a %s key in the period %s that was named', (type, period, name) => {
    expect(periodOf(keyOf(type), { period, last_used_at: undefined }, NOW).name).toBe(name);
  });

  it.each<[QuotaResetType, string, string]>([
    ['weekly', '2026-11-20', '2026-11-16'],
    ['weekly', '2026-11-15', '2026-11-09'],
    ['monthly', '2026-11-20', '2026-11'],
    ['monthly', '2026-10-31', '2026-10'],
    ['none', '2026-11-20', 'all'],
    ['none', '2026-10', 'all'],
  ])('counts for a %s key a spend of %s in the period %s that has this date', (type, period, name) => {
    const key = keyOf(type);
    const found = periodOf(key, { period, last_used_at: undefined }, NOW);
    expect(found.name).toBe(name);
    if (name === periodOf(key, { period: undefined, last_used_at: NOW }, NOW).name) {
      expect(found.start).toEqual(key.period_start);
    }
  });

  it.each<[QuotaResetType, string]>([
    ['daily', 'all'],
    ['daily', '2026-11'],
    ['weekly', '2026-11'],
    ['monthly', 'all'],
  ])('counts for a %s key by its time what was named %s before the calendar changed', (type, period) => {
    const key = keyOf(type);
    expect(periodOf(key, { period, last_used_at: undefined }, NOW).start).toEqual(key.period_start);
    const last_used_at = new Date('2026-11-02T12:00:00Z');
    expect(periodOf(key, { period, last_used_at }, NOW).start).toEqual(
      periodOf(key, { period: undefined, last_used_at }, NOW).start,
    );
  });

  it('counts as of now what was a day ahead in the time zone that the key had before', () => {
    const key = keyOf('daily', 'America/Los_Angeles');
    expect(periodOf(key, { period: '2026-11-21', last_used_at: undefined }, NOW).start).toEqual(key.period_start);
  });

  it('lets what is early by the clock of the balancer wait for its period', () => {
    const now = new Date('2026-11-20T23:30:00Z');
    expect(periodOf(keyOf('daily'), { period: '2026-11-21', last_used_at: undefined }, now).name).toBe('2026-11-21');
  });
});
