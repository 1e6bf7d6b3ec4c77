import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../common/domain-error.js';
import { Config } from '../../config/config.js';
import type { LogBatch } from './log-batch.js';
import { isConflict } from './log-faults.js';
import { LogMetrics } from './log-metrics.js';
import { LogQueue } from './log-queue.js';
import { Flush, LogStore } from './log-store.js';

/** Transactions at the same time; the other connections of the pool are for whoever keeps the tables in order. */
const FLUSHES_MAX = 2;
/**
 * Under load transactions grow, for their cost is by far not in proportion; two together fill half of the queue as it is set
 * without a setting, so that the next one has its records when one ends.
 */
const RECORDS_MAX = 2_500;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
const PATIENCE_MS = 10_000;
const GOODBYE_MS = 5_000;

/** Takes batches from the queue to the database: when there are enough, when one has waited long enough, or somebody waits for it. */
@Injectable()
export class LogWriter implements BeforeApplicationShutdown {
  readonly queue: LogQueue;
  private running = 0;
  private isDown = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly stopping = new AbortController();
  private isDraining = false;
  private onIdle: () => void = () => undefined;
  private readonly logger = new Logger(LogWriter.name);

  constructor(
    private readonly config: Config,
    private readonly store: LogStore,
    private readonly metrics: LogMetrics,
  ) {
    this.queue = new LogQueue(config.log.queue_capacity);
  }

  /** Throws if so many records would be refused now. */
  requireRoom(count: number, isDurable: boolean): void {
    if (isDurable && this.isDown) throw unavailable();
    this.queue.requireRoom(count);
  }

  /** Throws if there is no room. */
  add(batch: LogBatch): void {
    this.queue.add(batch);
    this.pump();
  }

  /** Resolves with the commit. It is not tried again: whoever waits decides. */
  async commit(batch: LogBatch): Promise<void> {
    if (this.isDown) throw unavailable();
    const committed = batch.committed();
    this.add(batch);
    const timer = setTimeout(() => {
      this.queue.giveUp(batch);
      batch.reject(unavailable());
    }, PATIENCE_MS);
    try {
      await committed;
    } finally {
      clearTimeout(timer);
    }
  }

  /** As `commit`, for who has it elsewhere and can wait for room. */
  async commitInTurn(batch: LogBatch): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    // Nothing may be awaited between the look and the commit: others wait for the same room.
    while (!this.queue.hasRoomFor(batch.records.length) && performance.now() < deadline) {
      await this.queue.untilLess(deadline - performance.now());
    }
    await this.commit(batch);
  }

  /** Everything that was taken in is written, unless the database is away. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isDraining = true;
    const idle = new Promise<void>((resolve) => (this.onIdle = resolve));
    this.pump();
    if (this.running > 0) await Promise.race([idle, sleep(GOODBYE_MS, undefined, { ref: false })]);
    this.stopping.abort();
    clearTimeout(this.timer);
    if (this.queue.size === 0) return;
    this.metrics.dropped.inc({ reason: 'shutdown' }, this.queue.size);
    this.logger.error(`stopped while ${this.queue.size} records were not written: they are lost`);
  }

  private pump(): void {
    while (this.running < FLUSHES_MAX && this.queue.waiting > 0 && this.isDue()) void this.run();
    if (this.running === 0 && this.queue.size === 0) this.onIdle();
    else if (this.queue.waiting > 0) this.timer ??= setTimeout(() => this.wake(), this.config.log.flush_ms).unref();
  }

  private wake(): void {
    this.timer = undefined;
    this.pump();
  }

  private isDue(): boolean {
    const { waiting, awaited, oldest } = this.queue;
    const { batch_size, flush_ms } = this.config.log;
    if (this.isDraining || awaited > 0 || waiting >= batch_size) return true;
    return performance.now() - oldest!.enqueuedAt >= flush_ms - 1;
  }

  private async run(): Promise<void> {
    const flush = new Flush(this.queue.take(Math.max(RECORDS_MAX, this.config.log.batch_size)));
    this.running += 1;
    for (let pause = FIRST_PAUSE_MS; !(await this.tryToWrite(flush)); pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      await sleep(pause, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
      if (this.stopping.signal.aborted) return;
    }
    this.running -= 1;
    this.pump();
  }

  private async tryToWrite(flush: Flush): Promise<boolean> {
    const stop = this.metrics.flushDuration.startTimer();
    try {
      await this.store.write(flush);
    } catch (error) {
      this.failed(flush, error as Error);
      return false;
    }
    stop();
    if (this.isDown) this.logger.log('writing again');
    this.isDown = false;
    this.queue.release(flush.batches);
    for (const batch of flush.batches) this.written(batch);
    return true;
  }

  private written(batch: LogBatch): void {
    const stored = batch.records.length - batch.dropped.size;
    if (batch.isReused) this.reused(batch);
    else if (batch.isDuplicate) this.metrics.duplicates.inc(batch.records.length);
    else this.metrics.flushed.inc(stored);
    this.metrics.dropped.inc({ reason: 'unstorable' }, batch.dropped.size);
    batch.resolve();
  }

  /** Who waits for it tells its sender. */
  private reused({ key, records, isAwaited }: LogBatch): void {
    if (isAwaited) return;
    this.metrics.dropped.inc({ reason: 'batch_id_reused' }, records.length);
    this.logger.error(`dropped ${records.length} records: other ones came before as batch ${key!.id} of ${key!.node}`);
  }

  /** The others stay together under the id of the flush, which tells whether it was committed after all. */
  private failed(flush: Flush, error: Error): void {
    if (!this.isDown) this.logger.warn(`records cannot be written, and wait: ${error.message}`);
    // Who is in the way of these records is not in that of others.
    this.isDown ||= !isConflict(error);
    this.metrics.flushFailures.inc();
    const awaited = flush.batches.filter(({ isAwaited }) => isAwaited);
    flush.batches = flush.batches.filter(({ isAwaited }) => !isAwaited);
    this.queue.release(awaited);
    for (const batch of awaited) batch.reject(unavailable());
  }
}

const unavailable = (): DomainError =>
  new DomainError('unavailable', 'The records could not be written; try again with the same batch id', {
    code: 'log_database_unavailable',
    retryAfterSeconds: 1,
  });
