export const unixSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);

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
