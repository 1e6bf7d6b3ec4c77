/** A delta alone becomes 24 rows, which so many are written in time; those of one traffic soon add up to the same rows. */
const FIRST = 50_000;
const LEAST = 1_000;
const MOST = 1_000_000;

/** Of the thirty seconds that a statement may take: twice as much would still be done in time, or might not be. */
const CALM_MS = 7_500;
const SLOW_MS = 15_000;

const QUERY_CANCELED = '57014';

/** How many deltas one statement moves: the more, the cheaper is each, but what takes too long would take too long for ever. */
export class Portion {
  size = FIRST;

  passed(tookMs: number): void {
    if (tookMs < CALM_MS) this.size = Math.min(MOST, this.size * 2);
    if (tookMs > SLOW_MS) this.divide(2);
  }

  failed(error: unknown): void {
    if ((error as { code?: string }).code !== QUERY_CANCELED) return;
    // What took too long is not what made it grow, and another half a minute would be lost for each step back.
    this.size = Math.min(FIRST, this.size);
    this.divide(4);
  }

  private divide(by: number): void {
    this.size = Math.max(LEAST, Math.floor(this.size / by));
  }
}
