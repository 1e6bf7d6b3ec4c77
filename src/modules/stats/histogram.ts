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

/** Digits of a `numeric` are those of base 10,000; so many count one bucket. */
const BASE = 10_000;
const DIGITS_SENT = DIGITS / 4;
const HEADER_BYTES = 8;

/** In SQL: the sum of histograms, as `unpackHistogram` reads it. Decimal digits would have all the zeros at the end written out. */
export const sentSumOf = (column: string): string => `numeric_send(sum(${column}))`;

/**
 * @param sent as `numeric_send` of PostgreSQL writes it (numeric.c): 16-bit numbers, most significant byte first, which are how many digits follow,
 * the power of the base that the first of them has, sign, scale, and the digits, without the zeros at both ends
 * @returns counts by bucket
 */
export function unpackHistogram(sent: Buffer): number[] {
  const digits = sent.readUInt16BE(0);
  if (digits === 0) return [];
  let power = sent.readInt16BE(2);
  const counts = Array.from({ length: Math.floor(power / DIGITS_SENT) + 1 }, () => 0);
  for (let at = HEADER_BYTES; at < HEADER_BYTES + 2 * digits; at += 2, power--) {
    counts[Math.floor(power / DIGITS_SENT)]! += sent.readUInt16BE(at) * BASE ** (power % DIGITS_SENT);
  }
  return counts;
}

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
