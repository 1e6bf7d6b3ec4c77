import { Injectable } from '@nestjs/common';
import type { Marker } from './marker.js';
import { RedisStore } from './redis-store.js';

const FIRST_POLL_MS = 5;
const POLL_MS_MAX = 25;

type Reached = Pick<Marker, 'gen' | 'version' | 'source' | 'snapshot'>;

interface Waiter {
  test: (marker: Reached) => boolean;
  done: () => void;
}

/**
 * Tells who waits when Redis has come as far as they need. Looks at Redis itself, so that it is true in every replica;
 * the one that dispatches tells at once. All waiters share one poll.
 */
@Injectable()
export class MarkerWatch {
  /** As far as Redis was seen to be by this process. */
  lastSeen: Reached | undefined;
  private readonly waiters = new Set<Waiter>();
  private isPolling = false;

  constructor(private readonly store: RedisStore) {}

  /** @returns false after `timeoutMs`; never throws */
  until(test: Waiter['test'], timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (reached: boolean): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve(reached);
      };
      const waiter: Waiter = { test, done: () => finish(true) };
      const timer = setTimeout(() => finish(false), timeoutMs);
      this.waiters.add(waiter);
      void this.poll();
    });
  }

  /** What Redis was seen to hold just now. */
  observe(marker: Reached): void {
    this.lastSeen = marker;
    for (const waiter of this.waiters) if (waiter.test(marker)) waiter.done();
  }

  private async poll(): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    for (let pauseMs = FIRST_POLL_MS; this.waiters.size > 0; pauseMs = Math.min(pauseMs + FIRST_POLL_MS, POLL_MS_MAX)) {
      const found = await this.store.readMarker().catch(() => undefined); // Redis is away: it may come back in time.
      if (found?.marker) this.observe(found.marker);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    this.isPolling = false;
  }
}
