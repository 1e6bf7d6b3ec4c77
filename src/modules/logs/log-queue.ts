import { DomainError } from '../../common/domain-error.js';
import type { LogBatch } from './log-batch.js';

/** Batches that wait for a transaction, first come first served. What is being written counts as well, for it is in memory. */
export class LogQueue {
  private batches: LogBatch[] = [];
  /** Records that wait. */
  waiting = 0;
  /** Records in transactions. */
  underway = 0;
  /** Batches that somebody waits for. */
  awaited = 0;
  /** Told when something leaves. */
  private readonly waiters = new Set<() => void>();

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.waiting + this.underway;
  }

  get oldest(): LogBatch | undefined {
    return this.batches[0];
  }

  /** A batch that is larger than the queue has room when it is alone: else it would never have. */
  hasRoomFor(count: number): boolean {
    return this.size === 0 || this.size + count <= this.capacity;
  }

  requireRoom(count: number): void {
    if (!this.hasRoomFor(count)) throw full();
  }

  /** All of it or nothing. */
  add(batch: LogBatch): void {
    this.requireRoom(batch.records.length);
    this.batches.push(batch);
    this.waiting += batch.records.length;
    if (batch.isAwaited) this.awaited += 1;
  }

  /** Whole batches of about `recordsMax` records together, at least one. */
  take(recordsMax: number): LogBatch[] {
    let count = 0;
    let records = 0;
    while (
      count < this.batches.length &&
      (count === 0 || records + this.batches[count]!.records.length <= recordsMax)
    ) {
      records += this.batches[count++]!.records.length;
    }
    const taken = this.batches.splice(0, count);
    this.waiting -= records;
    this.underway += records;
    this.awaited -= taken.filter(({ isAwaited }) => isAwaited).length;
    return taken;
  }

  /** Batches left a transaction, one way or the other. */
  release(batches: readonly LogBatch[]): void {
    for (const { records } of batches) this.underway -= records.length;
    this.tellWaiters();
  }

  /** Nobody waits for it any more: it is not written if that has not begun. */
  giveUp(batch: LogBatch): void {
    const at = this.batches.indexOf(batch);
    if (at < 0) return;
    this.batches.splice(at, 1);
    this.waiting -= batch.records.length;
    this.awaited -= 1;
    this.tellWaiters();
  }

  /** Resolves when something has left, before anything new can arrive, and otherwise after that time. */
  untilLess(patienceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      this.waiters.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private tellWaiters(): void {
    for (const tell of this.waiters) tell();
    this.waiters.clear();
  }
}

const full = (): DomainError =>
  new DomainError('too_many', 'Too many records wait to be written; none of these was taken', {
    code: 'log_queue_full',
    retryAfterSeconds: 1,
  });
