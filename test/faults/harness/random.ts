/** A stream of choices that a seed repeats (mulberry32). */
export class Random {
  constructor(private state: number) {}

  /** 0 ≤ x < 1 */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Undefined of nothing. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.next() * items.length)];
  }

  /** A stream of its own, so that whoever draws from it disturbs nobody else's choices. */
  fork(): Random {
    return new Random(this.int(1, 2 ** 31));
  }
}

/** Set EZ_FAULT_SEED to repeat the choices of a run. How they fall together in time is never the same. */
export const chosenSeed = (): number =>
  process.env.EZ_FAULT_SEED ? Number(process.env.EZ_FAULT_SEED) : Math.floor(Math.random() * 2 ** 31);
