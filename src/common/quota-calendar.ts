export type QuotaResetType = 'none' | 'daily' | 'weekly' | 'monthly';

/** From `start`, and up to but not including `end`. */
export interface Period {
  start: Date;
  end: Date;
}

/** The period that is now. A batch asks for the same one a thousand times. */
export function currentPeriod(type: Exclude<QuotaResetType, 'none'>, zone: string): Period {
  const now = new Date();
  const known = current.get(`${type} ${zone}`);
  if (known && now >= known.start && now < known.end) return known;
  const period = periodAt(now, type, zone);
  current.set(`${type} ${zone}`, period);
  return period;
}

const current = new Map<string, Period>();

/**
 * The day, week (from Monday) or month in which an instant lies, on the calendar of a time zone.
 * Periods follow each other without gap or overlap, also when clocks are moved at midnight.
 */
export function periodAt(instant: Date, type: Exclude<QuotaResetType, 'none'>, zone: string): Period {
  const calendar = CALENDARS[type];
  // Where clocks are put back over midnight, a date comes twice; so begin a day early and go on from period to period.
  let first = calendar.first(localDay(instant.getTime(), zone) - DAY_MS);
  let next = calendar.next(first);
  while (startOf(next, zone) <= instant.getTime()) [first, next] = [next, calendar.next(next)];
  return { start: new Date(startOf(first, zone)), end: new Date(startOf(next, zone)) };
}

/** The first instant of a date, or of a month, such as `2026-11-20` or `2026-11`, on the calendar of a time zone. */
export const startOfDate = (date: string, zone: string): Date => new Date(startOf(Date.parse(date), zone));

/** Whether this server has the calendar of a zone: one that another accepted, with newer data, it may not have. */
export function isKnownZone(zone: string): boolean {
  try {
    return clockOf(zone) !== undefined;
  } catch {
    return false;
  }
}

/** A date, as the milliseconds of its midnight in UTC: a number to count with, whatever clocks do. */
type Day = number;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Calendar {
  /** First day of the period that has this day. */
  first(day: Day): Day;
  /** First day of the period after the one that begins on this day. */
  next(first: Day): Day;
}

const CALENDARS: Record<Exclude<QuotaResetType, 'none'>, Calendar> = {
  daily: { first: (day) => day, next: (first) => first + DAY_MS },
  weekly: {
    first: (day) => day - ((new Date(day).getUTCDay() + 6) % 7) * DAY_MS,
    next: (first) => first + 7 * DAY_MS,
  },
  monthly: { first: (day) => monthOf(day, 0), next: (first) => monthOf(first, 1) },
};

const monthOf = (day: Day, offset: number): Day =>
  Date.UTC(new Date(day).getUTCFullYear(), new Date(day).getUTCMonth() + offset, 1);

/** The first instant at which the date is reached: midnight, or what clocks show instead when they skip it. */
function startOf(day: Day, zone: string): number {
  const guesses = [day - offsetAt(day - DAY_MS, zone), day - offsetAt(day + DAY_MS, zone)];
  let [tooEarly, reached] = [Math.min(...guesses) - 1, Math.max(...guesses)];
  if (reached - tooEarly === 1) return reached;
  // Clocks are moved within a day of it. Which of the two guesses is right, or what lies between them, is found by halving.
  while (reached - tooEarly > 1) {
    const middle = Math.floor((tooEarly + reached) / 2);
    if (localDay(middle, zone) < day) tooEarly = middle;
    else reached = middle;
  }
  return reached;
}

const localDay = (instantMs: number, zone: string): Day => {
  const local = instantMs + offsetAt(instantMs, zone);
  return local - modulo(local, DAY_MS);
};

/** By how much clocks are ahead of UTC. */
function offsetAt(instantMs: number, zone: string): number {
  const parts = Object.fromEntries(
    clockOf(zone)
      .formatToParts(instantMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year, month, day, hour, minute, second } = parts as Record<string, number>;
  return Date.UTC(year!, month! - 1, day, hour, minute, second) - (instantMs - modulo(instantMs, 1000));
}

const modulo = (value: number, divisor: number): number => ((value % divisor) + divisor) % divisor;

/** Making one takes longer than reading it a hundred times; there are some 400 zones. */
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(timeZone, clock);
  return clock;
}
