import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { notFound } from '../common/domain-error.js';
import type { Page } from '../common/page.js';
import { requestContext } from '../common/request-context.js';
import { Config } from '../config/config.js';
import { DEFAULT_WAIT_MS } from '../http/receipt.js';
import { Outbox } from '../outbox/outbox.js';
import { Eviction } from '../redis/eviction.js';
import { onConnected } from '../redis/masters.js';
import type { RedisClient } from '../redis/redis-client.js';
import { CONFIG_REDIS } from '../redis/redis.module.js';
import { DataPlaneReports } from './data-planes/data-plane-reports.js';
import { DispatcherHealth } from './dispatcher-health.js';
import { readHead, type Head } from './head.js';
import { toHoldView, type HoldView } from './hold.dto.js';
import { confirmHold, Holds } from './holds.js';
import { Leadership } from './leadership.js';
import { standingOf, type Marker } from './marker.js';
import { MarkerWatch } from './marker-watch.js';
import { ReconcileReports } from './reconcile-reports.js';
import { toReconcileRunView, type ReconcileDto, type ReconcileView } from './reconcile.dto.js';
import { Reconciler } from './reconciler.js';
import {
  changedAfter,
  countResources,
  listResources,
  MOST_PENDING,
  pendingByKind,
  quarantined,
} from './sync-resources.js';
import { toSyncStatus } from './sync-status.js';
import { SyncRequests, type SyncRequest } from './sync-requests.js';
import { SyncTools } from './sync-tools.js';
import type {
  ListSyncResourcesDto,
  RequestSnapshotDto,
  SnapshotRequestView,
  SyncResourceView,
  SyncStatusView,
} from './sync.dto.js';

const RECONCILE_WAIT_MS = 10_000;
export const NONE = '-1';

export interface BothEnds {
  head: Head;
  /** Undefined: there is none, or Redis does not answer. */
  marker: Marker | undefined;
  /** Up to where Redis has this database; below every version if it has nothing of it. */
  applied: string;
  isConnected: boolean;
}

/** What operators see of the road to Redis, and what they can ask of it. */
@Injectable()
export class SyncService {
  private redisError: string | null = null;

  constructor(
    private readonly tools: SyncTools,
    private readonly requests: SyncRequests,
    private readonly watch: MarkerWatch,
    private readonly leadership: Leadership,
    private readonly health: DispatcherHealth,
    private readonly reconciler: Reconciler,
    private readonly reports: ReconcileReports,
    private readonly holds: Holds,
    private readonly outbox: Outbox,
    private readonly dataPlanes: DataPlaneReports,
    private readonly config: Config,
    private readonly eviction: Eviction,
    @Inject(CONFIG_REDIS) redis: RedisClient,
  ) {
    redis.on('error', (error: Error) => (this.redisError = error.message));
    onConnected(redis, () => (this.redisError = null));
  }

  async status(): Promise<SyncStatusView> {
    const { database, quarantine } = this.tools;
    const { head, marker, applied, isConnected } = await this.look();
    return toSyncStatus({
      head,
      marker,
      pending: await pendingByKind(database, changedAfter(applied)),
      quarantined: await countResources(database, quarantined(quarantine.alarmAfter)),
      dispatcher: this.dispatcher(),
      lastSnapshot: this.health.snapshot,
      reconciler: this.reconcilerView(),
      holds: (await this.holds.list()).map(toHoldView),
      drift: this.reports.drift.list,
      dataPlanes: await this.dataPlanes.make(),
      redis: { connected: isConnected, error: this.redisError, danger: this.eviction.danger },
      now: new Date(),
    });
  }

  async resources({ state, page = 1, page_size = 20 }: ListSyncResourcesDto): Promise<Page<SyncResourceView>> {
    const { database } = this.tools;
    const filter = state === 'pending' ? changedAfter((await this.look()).applied) : quarantined();
    const data = await listResources(database, filter, (page - 1) * page_size, page_size);
    const total = await countResources(database, filter);
    return { data, total, ...(total === MOST_PENDING && { total_is_exact: false }), page, page_size };
  }

  async requestSnapshot({ wait, timeout_ms = DEFAULT_WAIT_MS }: RequestSnapshotDto): Promise<SnapshotRequestView> {
    const id = randomUUID();
    await this.ask({ kind: 'snapshot', id }, { id, state: 'pending' });
    const isNamed = ({ snapshot }: Pick<Marker, 'snapshot'>): boolean => snapshot.split(',').includes(id);
    const isApplied = wait === 'applied' && (await this.watch.until(isNamed, timeout_ms));
    return { id, state: isApplied ? 'applied' : 'pending' };
  }

  /** Who did it belongs into the operation log, and its commit wakes the dispatcher. */
  confirm(id: string): Promise<HoldView> {
    return this.outbox.write(async (tx) => {
      const confirmed = await confirmHold(tx, id);
      if (!confirmed) throw notFound('hold');
      const after = toHoldView(confirmed);
      tx.log({ action: 'confirm', resource: 'sync hold', resource_id: null, before: null, after });
      if (after.cause === 'reconcile') await this.requests.ask(tx.manager, { kind: 'reconcile', id: randomUUID() });
      return after;
    });
  }

  async reconcile({ wait_ms = RECONCILE_WAIT_MS }: ReconcileDto): Promise<ReconcileView> {
    const id = randomUUID();
    const pending: ReconcileView = { state: 'pending', run: null };
    const reported = this.reports.waitFor(id, wait_ms);
    await this.ask({ kind: 'reconcile', id }, pending);
    const report = await reported;
    return report ? { state: 'finished', run: toReconcileRunView(report) } : pending;
  }

  /** Who waits for what comes of it must have committed. So a request commits with its first answer, if it has an `Idempotency-Key`. */
  private async ask(request: SyncRequest, pending: SnapshotRequestView | ReconcileView): Promise<void> {
    await this.outbox.writeIfDeclared((tx) => this.requests.ask(tx.manager, request));
    await requestContext()?.idempotency?.answer(pending, 202);
  }

  /** Both ends of the road. Redis first: a commit in between must not look as if it were ahead. */
  async look(): Promise<BothEnds> {
    const found = await this.tools.store.readMarker().catch(() => undefined);
    const head = await readHead(this.tools.database);
    const applied = found ? appliedOf(head, found.marker) : this.lastApplied(head);
    return { head, marker: found?.marker, applied, isConnected: found !== undefined };
  }

  private lastApplied(head: Head): string {
    const { lastSeen } = this.watch;
    return lastSeen?.source === head.source && lastSeen.gen === head.gen ? lastSeen.version : NONE;
  }

  private reconcilerView(): SyncStatusView['reconciler'] {
    const { current } = this.reconciler;
    const { last } = this.reports;
    return { running: current ? toReconcileRunView(current) : null, last_run: last && toReconcileRunView(last) };
  }

  private dispatcher(): SyncStatusView['dispatcher'] {
    const { fence } = this.leadership;
    const { lastSuccessAt, lastError, retryAt, consecutiveFailures } = this.health;
    return {
      enabled: this.config.sync_outbox.enabled,
      leader: fence !== undefined,
      fence: fence ?? null,
      last_success_at: lastSuccessAt,
      last_error: lastError,
      retry_at: retryAt,
      consecutive_failures: consecutiveFailures,
    };
  }
}

/** Up to where Redis has this database: nothing of it, where it holds another history. */
function appliedOf(head: Head, marker: Marker | undefined): string {
  const standing = standingOf(marker, head);
  return marker && (standing === 'current' || standing === 'behind') ? marker.version : NONE;
}
