import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Receipt } from '../../common/request-context.js';
import { DataPlanes, haveAcknowledged } from './data-planes.js';

const PAUSE_MS = 20;

interface Waiter {
  receipt: Receipt;
  done: () => void;
}

/** Tells who waits when all data planes have come as far as they need. All waiters, of which there may be many, share one poll. */
@Injectable()
export class AckWatch {
  private readonly waiters = new Set<Waiter>();
  private isPolling = false;

  constructor(private readonly planes: DataPlanes) {}

  /** @returns false after `timeoutMs`; never throws */
  until(receipt: Receipt, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (isReached: boolean): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve(isReached);
      };
      const waiter: Waiter = { receipt, done: () => finish(true) };
      const timer = setTimeout(() => finish(false), timeoutMs);
      this.waiters.add(waiter);
      void this.poll();
    });
  }

  private async poll(): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    while (this.waiters.size > 0) {
      const known = await this.planes.read().catch(() => undefined); // Redis is away: it may come back in time.
      for (const { receipt, done } of this.waiters) if (known && haveAcknowledged(known, receipt)) done();
      await sleep(PAUSE_MS);
    }
    this.isPolling = false;
  }
}
