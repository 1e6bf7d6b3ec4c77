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

export const add = (a: Sums, b: Sums): Sums => ({
  requests: a.requests + b.requests,
  errors: a.errors + b.errors,
  input_tokens: a.input_tokens + b.input_tokens,
  output_tokens: a.output_tokens + b.output_tokens,
  cached_tokens: a.cached_tokens + b.cached_tokens,
  cost_nano_usd: a.cost_nano_usd + b.cost_nano_usd,
  latency: addCounts(a.latency, b.latency),
  ttft: addCounts(a.ttft, b.ttft),
});

/** The rest of `all` when `part` is taken out of it. */
export const subtract = (all: Sums, part: Sums): Sums => add(all, negative(part));

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

function addCounts(a: readonly number[], b: readonly number[]): number[] {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  return long.map((count, bucket) => count + (short[bucket] ?? 0));
}

export interface Quantiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export function quantilesOf(counts: readonly number[]): Quantiles {
  const [p50 = null, p95 = null, p99 = null] = quantiles(counts, [0.5, 0.95, 0.99]);
  return { p50, p95, p99 };
}
