import { isKnownZone, periodAt, startOfDate, type QuotaResetType } from '../../common/quota-calendar.js';
import { EVER, quotaPeriod } from '../../contract/quota-period.js';
import type { Spend } from './batch.js';
import { AHEAD_MS } from './usage-fields.js';

/** What of a key decides to which period a spend belongs. */
export interface KeyCalendar {
  created_at: Date;
  quota_reset_type: QuotaResetType;
  quota_timezone: string;
  /** Of the period that is open. */
  period_start: Date;
  quota_reset_at: Date | null;
}

export interface SpendPeriod {
  start: Date;
  name: string;
}

type When = Pick<Spend, 'period' | 'last_used_at'>;

/**
 * The period of the key's calendar that a spend belongs to: the one that the balancer counted it in, or else the one in which it
 * happened. Neither has to be open, since spends come late, and resets may too. Where this server does not know the calendar it is
 * the open one, which lasts until one that does resets the key.
 */
export function periodOf(key: KeyCalendar, when: When, now: Date): SpendPeriod {
  const { quota_reset_type: type, quota_timezone: zone } = key;
  if (!isKnownZone(zone)) return { start: key.period_start, name: quotaPeriod(type, key.period_start, 'UTC') };
  const open = { start: key.period_start, name: quotaPeriod(type, key.period_start, zone) };
  if (type === 'none' || when.period === open.name) return open;
  const at = instantOf(key, when, now);
  if (isWithin(key, at)) return open;
  const { start } = periodAt(at, type, zone);
  return { start, name: quotaPeriod(type, start, zone) };
}

/**
 * An instant of the period that was named. Spends that were on their way when the calendar changed name one of the old calendar:
 * if that is wider than the new ones, or has not begun where the key lives now, they count by their time.
 */
function instantOf(key: KeyCalendar, { period, last_used_at }: When, now: Date): Date {
  const { quota_reset_type: type, quota_timezone: zone, period_start } = key;
  const used = last_used_at ?? now;
  if (period === undefined || period === EVER) return used;
  const start = startOfDate(period, zone);
  const isAhead = start.getTime() > Math.max(now.getTime(), period_start.getTime()) + AHEAD_MS;
  const isWider = type !== 'monthly' && quotaPeriod('monthly', used, zone) === period;
  return isAhead || isWider ? used : start;
}

const isWithin = ({ period_start, quota_reset_at }: KeyCalendar, at: Date): boolean =>
  at >= period_start && (quota_reset_at === null || at < quota_reset_at);
