/** Of deltas that have nothing in common: each becomes some twenty rows, which takes 0.3 ms of a processor. */
const MOST = 50_000;
const LEAST = 1_000;

/** Of the thirty seconds that a statement may take: twice as much would still be done in time. */
const CALM_MS = 7_500;

const QUERY_CANCELED = '57014';

/** How many deltas one statement moves: what takes too long would take too long for ever, were it not divided. */
export class Portion {
  size = MOST;

  passed(tookMs: number): void {
    if (tookMs < CALM_MS) this.size = Math.min(MOST, this.size * 2);
  }

  failed(error: unknown): void {
    if ((error as { code?: string }).code === QUERY_CANCELED) this.size = Math.max(LEAST, Math.floor(this.size / 4));
  }
}
