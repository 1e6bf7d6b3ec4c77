export const unixSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);

/** Milliseconds since 1970 of a date and time with its zone, in ISO 8601; NaN for anything else, and for the 30th of February. */
export function isoInstant(text: string): number {
  const [, year, month, day] = ISO_INSTANT.exec(text)?.map(Number) ?? [];
  // Date.parse would roll over into the next month.
  return day !== undefined && day <= daysOf(year!, month!) ? Date.parse(text) : NaN;
}

const ISO_INSTANT = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-4]):\d{2})$/;

/** Of a month from 1 to 12; the day before the first of the next one is its last. */
const daysOf = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** Whether this is a time zone by its IANA name. Offsets such as `+01:00` are not: they know no daylight saving time. */
export function isIanaZone(zone: unknown): zone is string {
  if (typeof zone !== 'string' || !ZONE_PATTERN.test(zone)) return false;
  const known = resolveZone(zone);
  // Intl ignores case, while the zone files that other programs read do not.
  return known !== undefined && (known === zone || known.toLowerCase() !== zone.toLowerCase());
}

const ZONE_PATTERN = /^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Z][A-Za-z0-9_+-]*){0,2}$/;

function resolveZone(zone: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}
