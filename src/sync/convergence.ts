import { Injectable, Logger } from '@nestjs/common';
import type { Receipt } from '../common/request-context.js';
import { DispatcherHealth } from './dispatcher-health.js';
import { FullSnapshot, type SnapshotOrder } from './full-snapshot.js';
import { startGeneration, type Head } from './head.js';
import { Increment, type Progress } from './increment.js';
import type { Marker } from './marker.js';
import { MarkerWatch } from './marker-watch.js';
import type { SnapshotReason, SnapshotReport } from './snapshot-report.js';
import { SnapshotRequests } from './snapshot-requests.js';
import { SyncTools } from './sync-tools.js';
import { newest } from './versions.js';

/** Makes Redis agree with PostgreSQL, by what changed or, where that can't be enough, by everything. */
@Injectable()
export class Convergence {
  private readonly logger = new Logger(Convergence.name);
  private demanded: SnapshotReason | undefined;

  constructor(
    private readonly tools: SyncTools,
    private readonly increment: Increment,
    private readonly requests: SnapshotRequests,
    private readonly watch: MarkerWatch,
    private readonly health: DispatcherHealth,
  ) {}

  /** The next run makes a full snapshot, though Redis follows. */
  demand(reason: SnapshotReason): void {
    this.demanded = reason;
  }

  /** @returns the version that Redis holds now */
  async run(order: Omit<SnapshotOrder, 'ids' | 'before'>): Promise<Receipt> {
    const found = await this.tools.store.survey(order.fence);
    this.requests.settle(found.marker?.snapshot ?? '');
    const progress = await this.increment.run(found, order.fence);
    if (found.fault) throw found.fault;
    const reason = reasonOf(progress) ?? this.demanded ?? (this.requests.open.length > 0 ? 'requested' : undefined);
    if (!reason) return this.reached(found.marker!, progress.head);

    const head = progress.standing === 'alien' ? await this.begin(found.marker!, progress.head) : progress.head;
    const isEmpty = await this.tools.store.isEmpty();
    const before = isEmpty ? 'nothing' : reason === 'requested' ? 'following' : 'unknown';
    return this.replace(reason, head, { ...order, before, ids: this.requests.open });
  }

  private reached({ version, snapshot }: Marker, { gen, version: head }: Head): Receipt {
    const reached = { gen, version: newest(version, head) };
    this.watch.observe({ ...reached, snapshot });
    return reached;
  }

  private async begin(marker: Marker, head: Head): Promise<Head> {
    const isOurs = marker.source === head.source;
    const next = await startGeneration(this.tools.database, marker);
    this.logger.error(
      isOurs
        ? `PostgreSQL went back in time: Redis held ${marker.gen}.${marker.version}, the database is at ${head.gen}.${head.version}. ` +
            `Versions after ${head.version} up to ${marker.version} are lost. Generation ${next.gen} begins at version ${next.version}`
        : `Redis held version ${marker.gen}.${marker.version} of another database (${marker.source}). ` +
            `It is being replaced; generation ${next.gen} begins at version ${next.version}`,
    );
    return next;
  }

  private async replace(reason: SnapshotReason, head: Head, order: SnapshotOrder): Promise<Receipt> {
    const report: SnapshotReport = { reason, started_at: new Date(), finished_at: null, resources: 0, error: null };
    this.health.snapshot = report;
    this.logger.log(`full snapshot: ${reason}`);
    const snapshot = new FullSnapshot(this.tools, this.increment, order, head);
    try {
      const reached = await snapshot.run();
      this.demanded = undefined;
      this.watch.observe({ ...reached, snapshot: order.ids.join(',') });
      this.logger.log(`full snapshot: ${snapshot.resources} resources at ${reached.gen}.${reached.version}`);
      return reached;
    } catch (error) {
      report.error = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      report.resources = snapshot.resources;
      report.finished_at = new Date();
      this.tools.metrics.snapshotEnded(report);
    }
  }
}

function reasonOf({ standing }: Progress): SnapshotReason | undefined {
  return standing === 'current' || standing === 'behind' ? undefined : standing;
}
