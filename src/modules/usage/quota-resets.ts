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
export const BOUNDARY = 'usage:quota-boundary';

/** The clocks of all time zones are whole quarters of an hour apart, so every day begins at one of these. */
const QUARTER_MS = 900_000;
const RETRY_MS = 1_000;
/** Timers may be a millisecond early, and nothing is due before its time. */
const BEHIND_MS = 20;

/** Begins quota periods: when one can begin, to the second, and by a poll behind that. Every replica tries. */
@Injectable()
export class QuotaResets implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(QuotaResets.name);
  private running: Promise<void> | undefined;
  private isAsked = false;
  private oldestDue: Date | null = null;
  /** Of keys that were due and could not be reset. Asked about again by every run. */
  private readonly unknownZones = new Set<string>();
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
      const { found, unknownZones } = await this.outbox.writeIfDeclared((tx) =>
        resetDueKeys(tx, now, this.unknownZones),
      );
      this.metrics.resets.inc(found - unknownZones.length);
      this.leaveOut(unknownZones);
      if (found < RESETS_AT_ONCE) await this.pause();
    }
    this.metrics.unknownZones.set(this.unknownZones.size);
  }

  /** One run at a time: timers fire whether the last one is over or not. What became due meanwhile is not of that run. */
  private run(): void {
    this.isAsked = true;
    this.running ??= this.resetWhileAsked().finally(() => (this.running = undefined));
  }

  private async resetWhileAsked(): Promise<void> {
    while (this.isAsked) {
      this.isAsked = false;
      this.unknownZones.clear();
      await this.resetUntilDone();
    }
  }

  private leaveOut(zones: string[]): void {
    for (const zone of zones) {
      if (this.unknownZones.has(zone)) continue;
      this.unknownZones.add(zone);
      this.logger.error(`quotas of keys in ${zone} are not reset: this server does not know the time zone`);
    }
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
    const timer = setTimeout(() => {
      this.scheduler.deleteTimeout(BOUNDARY);
      this.wakeAtBoundary();
      this.run();
    }, untilBoundary(Date.now()));
    this.scheduler.addTimeout(BOUNDARY, timer);
  }

  /** From the last look, which comes again every second while something is due. */
  private overdueSeconds(): number {
    return this.oldestDue === null ? 0 : Math.max(0, (Date.now() - this.oldestDue.getTime()) / 1_000);
  }

  private async dueSince(now: Date): Promise<Date | null> {
    const [row] = await this.database.query<{ due: Date | null }[]>(
      `SELECT min(quota_reset_at) AS due FROM keys
        WHERE quota_reset_at <= $1 AND status <> 'revoked' AND quota_timezone <> ALL ($2)`,
      [now, [...this.unknownZones]],
    );
    this.oldestDue = row!.due;
    return row!.due;
  }
}

/** How long it is until just behind the next instant at which a period can begin. */
export const untilBoundary = (nowMs: number): number => QUARTER_MS - (nowMs % QUARTER_MS) + BEHIND_MS;
