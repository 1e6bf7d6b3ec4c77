import type { QuotaResetType } from './key.entity.js';

/** The last part of the name of a quota counter, `quota:{key_id}:{quota_period}`: the day or month, in the key's time zone. */
export function quotaPeriod(type: QuotaResetType, start: Date, timezone: string): string {
  if (type === 'none') return 'all';
  const day = dayFormat(timezone).format(start);
  return type === 'monthly' ? day.slice(0, 'YYYY-MM'.length) : day;
}

/** Building one takes longer than using it a hundred times; there are some 400 zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

function dayFormat(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  // Sweden writes dates as YYYY-MM-DD.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  formats.set(timeZone, format);
  return format;
}
