/**
 * A histogram is one number: every twelve decimal digits count a bucket, the first bucket in the lowest digits. So PostgreSQL
 * adds histograms with `+` and `sum()`, and a histogram of few samples takes few bytes, for `numeric` doesn't store zeros at the end.
 */
const DIGITS = 12;

/** Milliseconds below this have a bucket each. Above, there are four to every doubling. */
const EXACT_BELOW = 8;
const DOUBLINGS = 17;

/**
 * Where the buckets begin, but for the first, which begins at 0. The last has no end. An estimate is at most
 * `ERROR_BOUND` off, up to 2^20 ms (17 minutes); what took longer counts as that.
 */
export const EDGES: readonly number[] = [
  ...Array.from({ length: EXACT_BELOW - 1 }, (_, i) => i + 1),
  ...Array.from({ length: DOUBLINGS * 4 + 1 }, (_, i) => Math.ceil(EXACT_BELOW * 2 ** (i / 4))),
];

/** Of the width (γ − 1) / (γ + 1) for γ = ⁴√2. */
export const ERROR_BOUND = 0.0865;

/** The bucket of a duration: how many edges it has reached, which is what PostgreSQL's `width_bucket` answers. */
export function bucketOf(ms: number): number {
  let [low, high] = [0, EDGES.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (EDGES[middle]! <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Counts by bucket. */
export type Counts = Map<number, number>;

/** As PostgreSQL reads it: `3e24` is three samples in the third bucket. */
export function packHistogram(counts: Counts): string {
  if (counts.size === 0) return '0';
  const [lowest, highest] = [Math.min(...counts.keys()), Math.max(...counts.keys())];
  let digits = String(counts.get(highest));
  for (let bucket = highest - 1; bucket >= lowest; bucket--) {
    digits += String(counts.get(bucket) ?? 0).padStart(DIGITS, '0');
  }
  return `${digits}e${lowest * DIGITS}`;
}

/** @returns counts by bucket, of the digits that PostgreSQL writes. A month by hour has a million of them, so no text is cut out */
export function unpackHistogram(digits: string): number[] {
  const counts: number[] = [];
  for (let end = digits.length; end > 0; end -= DIGITS) counts.push(numberIn(digits, Math.max(0, end - DIGITS), end));
  return counts;
}

function numberIn(digits: string, from: number, to: number): number {
  let number = 0;
  for (let i = from; i < to; i++) number = number * 10 + digits.charCodeAt(i) - ZERO;
  return number;
}

const ZERO = '0'.charCodeAt(0);

/** Estimates of quantiles, in rising order, by nearest rank; null without samples. */
export function quantiles(counts: readonly number[], shares: readonly number[]): (number | null)[] {
  const samples = counts.reduce((sum, count) => sum + count, 0);
  if (samples === 0) return shares.map(() => null);
  let [bucket, seen] = [0, counts[0]!];
  return shares.map((share) => {
    const rank = Math.max(1, Math.ceil(samples * share));
    while (seen < rank) seen += counts[++bucket]!;
    return estimate(bucket);
  });
}

/** The value that is relatively nearest to both ends of a bucket. */
function estimate(bucket: number): number {
  const first = bucket === 0 ? 0 : EDGES[bucket - 1]!;
  const last = (EDGES[bucket] ?? first + 1) - 1;
  return first === last ? first : Math.round((2 * first * last) / (first + last));
}

/** In SQL: the histogram of one sample of `column`, and 0 of none. `$edges` is the parameter that holds `EDGES`. */
export const sampleOf = (column: string, edges: string): string =>
  `coalesce(('1e' || ${DIGITS} * width_bucket(${column}, ${edges}::int[]))::numeric, 0)`;
