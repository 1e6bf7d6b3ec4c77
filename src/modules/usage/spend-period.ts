import { periodAt, startOfDate, type QuotaResetType } from '../../common/quota-calendar.js';
import { EVER, quotaPeriod } from '../../contract/quota-period.js';
import type { Spend } from './batch.js';

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

/**
 * The period that a spend belongs to: the one that the balancer counted it in, or else the one in which it happened. Neither
 * has to be open, since spends come late, and resets may too.
 */
export function periodOf(
  key: KeyCalendar,
  { period, last_used_at }: Pick<Spend, 'period' | 'last_used_at'>,
  now: Date,
): SpendPeriod {
  const { quota_reset_type: type, quota_timezone: zone } = key;
  const open = { start: key.period_start, name: quotaPeriod(type, key.period_start, zone) };
  if (period === open.name) return open;
  if (period === EVER) return { start: key.created_at, name: EVER };
  if (period !== undefined) return { start: startOfDate(period, zone), name: period };
  const at = last_used_at ?? now;
  if (type === 'none' || isWithin(key, at)) return open;
  const { start } = periodAt(at, type, zone);
  return { start, name: quotaPeriod(type, start, zone) };
}

const isWithin = ({ period_start, quota_reset_at }: KeyCalendar, at: Date): boolean =>
  at >= period_start && (quota_reset_at === null || at < quota_reset_at);
