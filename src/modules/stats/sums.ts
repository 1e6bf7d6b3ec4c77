import { quantiles, unpackHistogram } from './histogram.js';
import type { SumRow } from './stats-sql.js';

/** What is added up. Tokens and cost are exact however large they are. */
export interface Sums {
  requests: number;
  errors: number;
  input_tokens: bigint;
  output_tokens: bigint;
  cached_tokens: bigint;
  cost_nano_usd: bigint;
  latency: number[];
  ttft: number[];
}

export const noSums = (): Sums => ({
  requests: 0,
  errors: 0,
  input_tokens: 0n,
  output_tokens: 0n,
  cached_tokens: 0n,
  cost_nano_usd: 0n,
  latency: [],
  ttft: [],
});

export const sumsOf = (row: SumRow): Sums => ({
  requests: Number(row.requests),
  errors: Number(row.errors),
  input_tokens: BigInt(row.input_tokens),
  output_tokens: BigInt(row.output_tokens),
  cached_tokens: BigInt(row.cached_tokens),
  cost_nano_usd: BigInt(row.cost_nano_usd),
  latency: unpackHistogram(row.latency_hist),
  ttft: unpackHistogram(row.ttft_hist),
});

/** Adds to `total` itself: a copy for each of some hundred points would be most of the work. */
export function accumulate(total: Sums, part: Sums): Sums {
  total.requests += part.requests;
  total.errors += part.errors;
  total.input_tokens += part.input_tokens;
  total.output_tokens += part.output_tokens;
  total.cached_tokens += part.cached_tokens;
  total.cost_nano_usd += part.cost_nano_usd;
  addCounts(total.latency, part.latency);
  addCounts(total.ttft, part.ttft);
  return total;
}

function addCounts(total: number[], part: readonly number[]): void {
  while (total.length < part.length) total.push(0);
  for (let bucket = 0; bucket < part.length; bucket++) total[bucket]! += part[bucket]!;
}

/** The rest of `all` when `part` is taken out of it. */
export const subtract = (all: Sums, part: Sums): Sums => accumulate(accumulate(noSums(), all), negative(part));

const negative = (sums: Sums): Sums => ({
  requests: -sums.requests,
  errors: -sums.errors,
  input_tokens: -sums.input_tokens,
  output_tokens: -sums.output_tokens,
  cached_tokens: -sums.cached_tokens,
  cost_nano_usd: -sums.cost_nano_usd,
  latency: sums.latency.map((count) => -count),
  ttft: sums.ttft.map((count) => -count),
});

export interface Quantiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export function quantilesOf(counts: readonly number[]): Quantiles {
  const [p50 = null, p95 = null, p99 = null] = quantiles(counts, [0.5, 0.95, 0.99]);
  return { p50, p95, p99 };
}
