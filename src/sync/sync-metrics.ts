import { Injectable } from '@nestjs/common';
import { Counter, Histogram, type Registry } from 'prom-client';
import { Metrics } from '../common/metrics.js';
import { SYNC_KINDS } from '../contract/redis-keys.js';
import { SNAPSHOT_REASONS, type SnapshotReport } from './snapshot-report.js';
import { DRIFT_TYPES, type DriftCount } from './drift.js';
import type { DatedChange } from './head.js';
import type { Resource } from './resource.js';
import { isNewer } from './versions.js';

/** What the dispatcher of this process counts while it works. */
@Injectable()
export class SyncMetrics {
  readonly failures: Counter;
  readonly applyDuration: Histogram;
  private readonly appliedResources: Counter<'kind'>;
  private readonly propagation: Histogram;
  private readonly drift: Counter<'kind' | 'type'>;
  private readonly snapshots: Counter<'reason' | 'outcome'>;
  private readonly snapshotDuration: Histogram;

  constructor({ registry }: Metrics) {
    const registers = [registry];
    this.failures = new Counter({ name: 'ez_sync_failures_total', help: 'Runs to Redis that failed', registers });
    this.applyDuration = new Histogram({
      name: 'ez_sync_apply_duration_seconds',
      help: 'One call that writes changes to Redis, with its way there and back',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 3],
      registers,
    });
    this.appliedResources = new Counter({
      name: 'ez_sync_applied_resources_total',
      help: 'Resources written as changes, not by a full snapshot',
      labelNames: ['kind'],
      registers,
    });
    this.propagation = new Histogram({
      name: 'ez_sync_propagation_seconds',
      help: 'From the commit of a change until Redis had it; what a full snapshot brought is not counted',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 60, 600],
      registers,
    });
    this.drift = driftCounter(registry);
    this.snapshots = new Counter({
      name: 'ez_sync_snapshots_total',
      help: 'Full snapshots that ended',
      labelNames: ['reason', 'outcome'],
      registers,
    });
    this.snapshotDuration = new Histogram({
      name: 'ez_sync_snapshot_duration_seconds',
      help: 'Full snapshots from their start to their end, whatever it was',
      buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600],
      registers,
    });
    this.beginAtZero();
  }

  applied(resources: readonly Resource[]): void {
    for (const { kind } of resources) this.appliedResources.inc({ kind });
  }

  /** @returns to be called when Redis, found at version `from`, has all of these changes */
  onTheirWay(changes: readonly DatedChange[], from: string): () => void {
    const readAt = performance.now();
    return () => {
      const since = (performance.now() - readAt) / 1000;
      for (const { version, age } of changes) {
        // What is older had its version passed before, and is only tried again.
        if (isNewer(version, from)) this.propagation.observe(Math.max(0, age) + since);
      }
    };
  }

  drifted({ kind, type, found }: DriftCount): void {
    this.drift.inc({ kind, type }, found);
  }

  snapshotEnded({ reason, started_at, finished_at, error }: SnapshotReport): void {
    this.snapshots.inc({ reason, outcome: error === null ? 'ok' : 'failed' });
    if (finished_at) this.snapshotDuration.observe((finished_at.getTime() - started_at.getTime()) / 1000);
  }

  /** A series that appears with its first event hides that event from whoever asks for an increase. */
  private beginAtZero(): void {
    for (const kind of SYNC_KINDS) {
      this.appliedResources.inc({ kind }, 0);
      for (const type of DRIFT_TYPES) this.drift.inc({ kind, type }, 0);
    }
    for (const reason of SNAPSHOT_REASONS) {
      for (const outcome of ['ok', 'failed']) this.snapshots.inc({ reason, outcome }, 0);
    }
  }
}

const driftCounter = (registry: Registry): Counter<'kind' | 'type'> =>
  new Counter({
    name: 'ez_sync_drift_total',
    help: 'What the reconciler found in Redis that PostgreSQL had not said; never, unless somebody else writes there',
    labelNames: ['kind', 'type'],
    registers: [registry],
  });
