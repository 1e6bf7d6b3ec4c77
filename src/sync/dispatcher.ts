import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { Receipt } from '../common/request-context.js';
import { Config } from '../config/config.js';
import { CommitSignal } from '../outbox/commit-signal.js';
import { onConnected } from '../redis/masters.js';
import type { RedisClient } from '../redis/redis-client.js';
import { CONFIG_REDIS } from '../redis/redis.module.js';
import { Alarm } from './alarm.js';
import { RefusedError } from './apply-writer.js';
import { ShardFault } from './cluster-survey.js';
import { Convergence } from './convergence.js';
import { DispatcherHealth } from './dispatcher-health.js';
import { Holds } from './holds.js';
import { Leadership } from './leadership.js';
import { ReconcileReports, RECONCILED_CHANNEL } from './reconcile-reports.js';
import { Reconciler } from './reconciler.js';
import { RedisStore } from './redis-store.js';
import { REQUEST_CHANNEL, SyncRequests } from './sync-requests.js';
import { isNewer } from './versions.js';

const POLL = 'sync:poll';
const RECONCILE = 'sync:reconcile';
const RECONCILE_MS = 60_000;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 10_000;
/** The shards that do answer wait for whom to refuse. */
const BACKOFF_MAX_MS_OF_SHARD = 500;

/**
 * Runs the road to Redis in the replica that leads: at once after a commit here, on a NOTIFY after one elsewhere, and on a
 * poll for whatever was missed. One run at a time; what arrives during a run is done by the next one, together.
 */
@Injectable()
export class Dispatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Dispatcher.name);
  private readonly news = new Alarm();
  /** Ends a pause after a failure: what failed may work now. */
  private readonly recovery = new Alarm();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private reached: Receipt | undefined;

  constructor(
    private readonly config: Config,
    private readonly scheduler: SchedulerRegistry,
    private readonly signal: CommitSignal,
    @Inject(CONFIG_REDIS) private readonly redis: RedisClient,
    private readonly leadership: Leadership,
    private readonly convergence: Convergence,
    private readonly requests: SyncRequests,
    private readonly health: DispatcherHealth,
    private readonly reconciler: Reconciler,
    private readonly reports: ReconcileReports,
    private readonly store: RedisStore,
    private readonly holds: Holds,
  ) {}

  onApplicationBootstrap(): void {
    const { enabled, interval_seconds } = this.config.sync_outbox;
    if (!enabled) return;
    this.signal.onCommit((receipt) => this.hearCommit(receipt));
    onConnected(this.redis, () => this.retryNow());
    this.store.onShardChange(() => this.reconcile());
    this.leadership.listener = {
      elected: () => {
        this.holds.recall();
        this.requests.recall();
        this.retryNow();
      },
      notified: (channel, payload) => this.hear(channel, payload),
    };
    this.scheduler.addInterval(
      POLL,
      setInterval(() => this.hearRequest(), interval_seconds * 1000),
    );
    this.scheduler.addInterval(
      RECONCILE,
      setInterval(() => this.reconcile(), RECONCILE_MS),
    );
    this.running = this.loop();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const name of [POLL, RECONCILE]) {
      if (this.scheduler.doesExist('interval', name)) this.scheduler.deleteInterval(name);
    }
    this.stopping.abort(new Error('the server is stopping'));
    this.retryNow();
    await this.running;
  }

  private hear(channel: string, payload: string): void {
    if (channel === RECONCILED_CHANNEL) {
      this.reports.hear(payload);
    } else if (channel === REQUEST_CHANNEL) {
      this.hearRequest();
    } else {
      const [gen = '', version = ''] = payload.split('.');
      this.hearCommit({ gen, version });
    }
  }

  private hearRequest(): void {
    this.requests.recall();
    this.news.ring();
  }

  private reconcile(): void {
    this.reconciler.begin();
    this.news.ring();
  }

  /** A commit of this process is heard twice, and the second time it is done already. */
  private hearCommit({ gen, version }: Receipt): void {
    if (this.reached?.gen !== gen || isNewer(version, this.reached.version)) this.news.ring();
  }

  private retryNow(): void {
    this.recovery.ring();
    this.news.ring();
  }

  private async loop(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const pauseMs = await this.attempt();
      await (pauseMs === 0 ? this.idle() : this.recovery.wait(pauseMs));
    }
  }

  /** Until there is news. Nothing else needs this time, so the reconciler gets it. */
  private async idle(): Promise<void> {
    for (;;) {
      const { pauseMs, needs } = await this.reconciler.step(this.leadership.fence);
      if (needs === 'snapshot') this.convergence.demand('wrong_type');
      if (needs !== undefined || (await this.news.wait(pauseMs))) return;
    }
  }

  /** @returns how long to pause before the next attempt; 0: until there is news */
  private async attempt(): Promise<number> {
    const { fence } = this.leadership;
    if (fence === undefined) return 0;
    this.recovery.take();
    try {
      await this.requests.look();
      const order = { fence, hasNews: () => this.news.take(), signal: this.stopping.signal };
      this.reached = await this.convergence.run(order);
      if (this.health.consecutiveFailures > 0) this.logger.log('Redis follows again');
      this.health.succeeded();
      // A full snapshot takes all news for changes.
      if (this.requests.isUnread) this.news.ring();
      return 0;
    } catch (error) {
      return this.failed(error);
    }
  }

  private async failed(error: unknown): Promise<number> {
    if (error instanceof RefusedError && error.status === 'fenced') await this.leadership.renew(error.fence);
    const longest = Math.min(BACKOFF_FIRST_MS * 2 ** this.health.consecutiveFailures, backoffMax(error));
    const pauseMs = Math.max(1, Math.random() * longest);
    const reason = this.redis.status === 'ready' ? (error as Error).message : 'not connected to Redis';
    if (this.health.consecutiveFailures === 0) this.logger.warn(`Redis does not follow: ${reason}`);
    this.health.failed(reason, pauseMs);
    return pauseMs;
  }
}

const backoffMax = (error: unknown): number => (error instanceof ShardFault ? BACKOFF_MAX_MS_OF_SHARD : BACKOFF_MAX_MS);
