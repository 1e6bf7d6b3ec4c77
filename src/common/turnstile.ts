import { DomainError } from './domain-error.js';

/** Lets so many in at a time, so many wait, and turns the others away: what is plenty must not take what others need. */
export class Turnstile {
  private inside = 0;
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly atOnce: number,
    private readonly mostWaiting: number,
  ) {}

  async pass<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    if (this.inside < this.atOnce) return void this.inside++;
    if (this.queue.length >= this.mostWaiting) {
      throw new DomainError('too_many', 'Too much is waiting already', { code: 'queue_full', retryAfterSeconds: 1 });
    }
    await new Promise<void>((resolve) => this.queue.push(resolve));
  }

  /** Whoever is next takes over the place. */
  private leave(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.inside--;
  }
}
