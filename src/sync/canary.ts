import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Histogram } from 'prom-client';
import { Metrics } from '../common/metrics.js';
import { Config } from '../config/config.js';
import { redisKeys } from '../contract/redis-keys.js';
import { CONFIG_REDIS } from '../redis/redis.module.js';
import { CanaryKey } from './canary-key.js';
import { Leadership } from './leadership.js';

const LOOK_MS = 2;
const PATIENCE_MS = 10_000;

/** Revokes a synthetic key now and then, in the replica that leads, and measures how long Redis lets it in. */
@Injectable()
export class Canary implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Canary.name);
  private readonly stopping = new AbortController();
  private readonly revocation: Histogram;
  private readonly failures: Counter;
  private running: Promise<void> | undefined;

  constructor(
    private readonly config: Config,
    private readonly leadership: Leadership,
    private readonly key: CanaryKey,
    @Inject(CONFIG_REDIS) private readonly redis: Redis | Cluster,
    { registry }: Metrics,
  ) {
    const registers = [registry];
    this.revocation = new Histogram({
      name: 'ez_canary_revocation_seconds',
      help: 'From the commit of the revocation of a synthetic key until Redis refused it',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
      registers,
    });
    this.failures = new Counter({
      name: 'ez_canary_failures_total',
      help: 'Rounds in which the synthetic key was not seen to open and shut in time',
      registers,
    });
  }

  onApplicationBootstrap(): void {
    if (this.config.canary.enabled && this.config.sync_outbox.enabled) this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      if (this.leadership.fence !== undefined) await this.round();
      await this.pause(this.config.canary.interval_seconds * 1_000);
    }
  }

  private async round(): Promise<void> {
    try {
      const seconds = await this.measure();
      if (seconds === undefined) throw new Error(`Redis did not show it within ${PATIENCE_MS / 1_000} s`);
      this.revocation.observe(seconds);
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      this.failures.inc();
      this.logger.warn(`the canary failed: ${(error as Error).message}`);
    }
  }

  /** Whatever is seen, the key is left revoked. */
  private async measure(): Promise<number | undefined> {
    const hash = await this.key.ensure();
    await this.key.setRevoked(hash, false);
    const isOpen = await this.isSeen(hash, 'active');
    await this.key.setRevoked(hash, true);
    const from = performance.now();
    const isShut = isOpen && (await this.isSeen(hash, 'revoked'));
    return isShut ? (performance.now() - from) / 1_000 : undefined;
  }

  private async isSeen(hash: string, status: string): Promise<boolean> {
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await this.pause(LOOK_MS)) {
      const seen = await this.redis.hget(redisKeys.token(hash), 'status').catch(() => undefined); // It may come back in time.
      if (seen === status) return true;
      if (this.stopping.signal.aborted) return false;
    }
    return false;
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
  }
}
