import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Metrics } from '../../common/metrics.js';
import { Config } from '../../config/config.js';
import { Outbox } from '../../outbox/outbox.js';
import { resetDueKeys, RESETS_AT_ONCE } from './quota-reset.js';
import { UsageMetrics } from './usage-metrics.js';

const POLL = 'usage:quota-poll';
const BOUNDARY = 'usage:quota-boundary';

/** The clocks of all time zones are whole quarters of an hour apart, so every day begins at one of these. */
const QUARTER_MS = 900_000;
const RETRY_MS = 1_000;

/** Begins quota periods: when one can begin, to the second, and by a poll behind that. Every replica tries. */
@Injectable()
export class QuotaResets implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(QuotaResets.name);
  private running: Promise<void> | undefined;
  private oldestDue: Date | null = null;
  private readonly stopping = new AbortController();

  constructor(
    private readonly config: Config,
    private readonly scheduler: SchedulerRegistry,
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly metrics: UsageMetrics,
    exposition: Metrics,
  ) {
    exposition.beforeScrape(() => metrics.overdue.set(this.overdueSeconds()));
  }

  onApplicationBootstrap(): void {
    const pollMs = this.config.quota.reset_interval_seconds * 1_000;
    this.scheduler.addInterval(
      POLL,
      setInterval(() => this.run(), pollMs),
    );
    this.wakeAtBoundary();
    this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    if (this.scheduler.doesExist('interval', POLL)) this.scheduler.deleteInterval(POLL);
    if (this.scheduler.doesExist('timeout', BOUNDARY)) this.scheduler.deleteTimeout(BOUNDARY);
    await this.running;
  }

  /**
   * Until nothing is due, in batches, so that other writers get their turn in between. What others hold, be it a key or the
   * lock, is come back to. Looks first: a look is cheaper than the lock.
   */
  async reset(now: Date): Promise<void> {
    while ((await this.dueSince(now)) !== null && !this.stopping.signal.aborted) {
      const found = await this.outbox.count((tx) => resetDueKeys(tx, now));
      this.metrics.resets.inc(found);
      if (found < RESETS_AT_ONCE) await this.pause();
    }
  }

  /** One run at a time: timers fire whether the last one is over or not. */
  private run(): void {
    this.running ??= this.resetUntilDone().finally(() => (this.running = undefined));
  }

  private async resetUntilDone(): Promise<void> {
    for (let failures = 0; !this.stopping.signal.aborted; failures++) {
      try {
        return await this.reset(new Date());
      } catch (error) {
        if (failures === 0) this.logger.warn(`quotas are not reset: ${(error as Error).message}`);
        await this.pause();
      }
    }
  }

  private async pause(): Promise<void> {
    await sleep(RETRY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  private wakeAtBoundary(): void {
    const timer = setTimeout(
      () => {
        this.scheduler.deleteTimeout(BOUNDARY);
        this.wakeAtBoundary();
        this.run();
      },
      QUARTER_MS - (Date.now() % QUARTER_MS),
    );
    this.scheduler.addTimeout(BOUNDARY, timer);
  }

  /** From the last look, which comes again every second while something is due. */
  private overdueSeconds(): number {
    return this.oldestDue === null ? 0 : Math.max(0, (Date.now() - this.oldestDue.getTime()) / 1_000);
  }

  private async dueSince(now: Date): Promise<Date | null> {
    const [row] = await this.database.query<{ due: Date | null }[]>(
      `SELECT min(quota_reset_at) AS due FROM keys WHERE quota_reset_at <= $1 AND status <> 'revoked'`,
      [now],
    );
    this.oldestDue = row!.due;
    return row!.due;
  }
}
