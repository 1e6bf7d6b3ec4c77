/** The last part of the name of a quota counter, `quota:{key_id}:{quota_period}`: the day or month, in the key's time zone. */
export function quotaPeriod(type: 'none' | 'daily' | 'weekly' | 'monthly', start: Date, timezone: string): string {
  if (type === 'none') return EVER;
  const day = dayFormat(timezone).format(start);
  return type === 'monthly' ? day.slice(0, 'YYYY-MM'.length) : day;
}

/** The period of a quota without resets. */
export const EVER = 'all';

/** Whether this is the name of a period, and of one that is on the calendar. */
export function isQuotaPeriod(name: unknown): name is string {
  if (name === EVER) return true;
  if (typeof name !== 'string' || !/^[12]\d{3}-\d{2}(-\d{2})?$/.test(name)) return false;
  const start = Date.parse(name);
  return !Number.isNaN(start) && new Date(start).toISOString().startsWith(name);
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
