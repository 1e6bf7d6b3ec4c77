import { randomUUID } from 'node:crypto';
import type { Head } from './head.js';
import { sizeOf, type Resource } from './resource.js';
import type { SyncTools } from './sync-tools.js';

/** Takes Redis some 2 ms, so that one call stays below 10 ms on a core that is busy with other things too. */
const CHUNK_ITEMS = 100;
const CHUNK_BYTES = 256 * 1024;

export interface ApplyTarget {
  head: Head;
  from: string;
  fence: string;
  /** Resolves when nothing of what is to be sent can be lost by PostgreSQL. */
  durable: () => Promise<void>;
}

/** Redis is not where it was found: look again. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';

  constructor(
    readonly status: string,
    readonly fence: string,
  ) {
    super(`Redis refused: ${status}`);
  }
}

/** Sends changes in chunks. Only the last one, with `finish`, raises the marker. */
export class ApplyWriter {
  private readonly nonce = randomUUID();
  private number = 0;
  private waiting: Resource[] = [];
  private waitingBytes = 0;

  constructor(
    private readonly tools: Pick<SyncTools, 'store' | 'metrics'>,
    private readonly target: ApplyTarget,
  ) {}

  async add(resources: readonly Resource[]): Promise<void> {
    for (const resource of resources) {
      const size = sizeOf(resource);
      const isFull = this.waiting.length === CHUNK_ITEMS || this.waitingBytes + size > CHUNK_BYTES;
      if (isFull && this.waiting.length > 0) await this.send(false);
      this.waiting.push(resource);
      this.waitingBytes += size;
    }
  }

  /** Sends what there is so far, and leaves the marker where it is. */
  async flush(): Promise<void> {
    if (this.waiting.length > 0) await this.send(false);
  }

  finish(): Promise<void> {
    return this.send(true);
  }

  private async send(isLast: boolean): Promise<void> {
    const resources = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    const chunk = { nonce: this.nonce, number: ++this.number, isLast };
    const { store, metrics } = this.tools;
    if (chunk.number === 1) await this.target.durable();
    const ended = metrics.applyDuration.startTimer();
    const answer = await store.apply({ ...this.target, chunk, resources }).finally(ended);
    if (answer.status !== 'ok') throw new RefusedError(answer.status, answer.fence);
    metrics.applied(resources);
  }
}
