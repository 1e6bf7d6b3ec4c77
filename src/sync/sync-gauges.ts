import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../common/metrics.js';
import { SYNC_KINDS, type SyncKind } from '../contract/redis-keys.js';
import { PgPools } from '../modules/metrics/pg-pools.service.js';
import { HOLD_CAUSES, Holds } from './holds.js';
import { Leadership } from './leadership.js';
import { SyncDatabase } from './sync-database.js';
import { NONE, SyncService, type BothEnds } from './sync.service.js';

/** Counting more than that would take longer than a scrape may, and says nothing new. */
const COUNT_MAX = 10_000;

/** Where both ends of the road stand, looked up for whoever scrapes. What can't be asked keeps the value it had. */
@Injectable()
export class SyncGauges {
  private readonly head: Gauge;
  private readonly generation: Gauge;
  private readonly marker: Gauge;
  private readonly fence: Gauge;
  private readonly lagVersions: Gauge;
  private readonly lagSeconds: Gauge;
  private readonly pending: Gauge<'kind'>;
  private readonly quarantined: Gauge;
  private readonly held: Gauge<'cause'>;
  private readonly pgUp: Gauge;
  private readonly redisUp: Gauge;

  constructor(
    private readonly metrics: Metrics,
    private readonly sync: SyncService,
    private readonly database: SyncDatabase,
    private readonly leadership: Leadership,
    private readonly holds: Holds,
    pools: PgPools,
  ) {
    this.head = this.gauge('ez_sync_head_version', 'Newest committed version');
    this.generation = this.gauge('ez_sync_generation', 'Of the database; rises when Redis held another history');
    this.marker = this.gauge('ez_sync_marker_version', 'Version that Redis holds; absent: none of this database');
    this.fence = this.gauge('ez_sync_fence', 'Term of the dispatcher that wrote to Redis last');
    this.lagVersions = this.gauge('ez_sync_lag_versions', 'Versions that Redis is behind; absent: cannot be compared');
    this.lagSeconds = this.gauge('ez_sync_lag_seconds', 'Age of the oldest change that Redis does not have');
    this.pending = this.gauge(
      'ez_sync_pending_resources',
      `Resources that Redis does not have yet; of more than ${COUNT_MAX} the oldest`,
      ['kind'],
    );
    this.quarantined = this.gauge('ez_sync_quarantined_resources', 'Resources that cannot be rendered');
    this.held = this.gauge(
      'ez_sync_held',
      'What waits for an operator to confirm it, since it would take away too much',
      ['cause'],
    );
    this.pgUp = this.gauge('ez_pg_up', 'Whether PostgreSQL answers');
    this.redisUp = this.gauge('ez_redis_up', 'Whether the Redis of the configuration answers');
    const leader = this.gauge('ez_sync_leader', 'Whether this process is the one that dispatches');
    metrics.beforeScrape(() => leader.set(this.leadership.fence === undefined ? 0 : 1));
    metrics.beforeScrape(() => this.read());
    pools.watch('sync', () => database.pool);
  }

  /** Without a value until there is one: 0 would be a statement. */
  private gauge<L extends string>(name: string, help: string, labelNames: L[] = []): Gauge<L> {
    const gauge = new Gauge({ name, help, labelNames, registers: [this.metrics.registry] });
    if (labelNames.length === 0) gauge.remove();
    return gauge;
  }

  private async read(): Promise<void> {
    try {
      const ends = await this.sync.look();
      this.showEnds(ends);
      await this.showPending(ends.applied);
      await this.showQuarantined();
      await this.showHeld();
      this.pgUp.set(1);
    } catch {
      this.pgUp.set(0);
    }
  }

  private showEnds({ head, marker, applied, isConnected }: BothEnds): void {
    this.redisUp.set(isConnected ? 1 : 0);
    this.head.set(Number(head.version));
    this.generation.set(Number(head.gen));
    if (marker) this.fence.set(Number(marker.fence));
    if (applied === NONE) {
      this.marker.remove();
      this.lagVersions.remove();
    } else {
      this.marker.set(Number(applied));
      this.lagVersions.set(Number(BigInt(head.version) - BigInt(applied)));
    }
  }

  /** By the clock of the database, which is the one that has dated the changes. */
  private async showPending(applied: string): Promise<void> {
    const kinds = await this.database.query<{ kind: SyncKind; count: number; age: number }>(
      `SELECT kind, count(*), extract(epoch FROM clock_timestamp() - min(changed_at)) AS age
         FROM (SELECT kind, changed_at FROM sync_resource WHERE version > $1 ORDER BY version LIMIT $2) pending
        GROUP BY kind`,
      [applied, COUNT_MAX],
    );
    const counts = new Map(kinds.map(({ kind, count }) => [kind, count]));
    for (const kind of SYNC_KINDS) this.pending.set({ kind }, counts.get(kind) ?? 0);
    this.lagSeconds.set(Math.max(0, ...kinds.map(({ age }) => age)));
  }

  private async showHeld(): Promise<void> {
    const waiting = (await this.holds.list()).filter(({ confirmed_at }) => confirmed_at === null);
    for (const cause of HOLD_CAUSES) this.held.set({ cause }, waiting.some((hold) => hold.cause === cause) ? 1 : 0);
  }

  private async showQuarantined(): Promise<void> {
    const [row] = await this.database.query<{ count: number }>(
      'SELECT count(*) FROM (SELECT FROM sync_resource WHERE quarantined_at IS NOT NULL LIMIT $1) broken',
      [COUNT_MAX],
    );
    this.quarantined.set(row!.count);
  }
}
