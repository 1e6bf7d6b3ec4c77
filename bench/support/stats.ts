/** The value below which the share `q` of all values lies (nearest rank). */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Both sides of one round ran under the same conditions, so each round gives a ratio, and the median drops bad rounds. */
export const medianRatio = (ours: readonly number[], yardstick: readonly number[]): number =>
  median(ours.map((value, round) => value / yardstick[round]!));

export const ms = (value: number): string => `${value.toFixed(value < 9.95 ? 1 : 0)} ms`;

export const seconds = (value: number): string => `${(value / 1000).toFixed(2)} s`;

/** The quantile of each round, and the median of those: one bad round doesn't decide. */
export const typicalQuantile = (rounds: readonly (readonly number[])[], q: number): number =>
  median(rounds.map((round) => quantile(round, q)));

/** Both ends of a distribution of milliseconds. */
export const spread = (rounds: readonly (readonly number[])[]): string =>
  `p50 ${ms(typicalQuantile(rounds, 0.5))}, p99 ${ms(typicalQuantile(rounds, 0.99))}`;
