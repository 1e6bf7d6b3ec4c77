import { Injectable } from '@nestjs/common';
import type { SnapshotReport } from './snapshot-report.js';
import { SyncMetrics } from './sync-metrics.js';

/** What the dispatcher of this process has to say of itself. */
@Injectable()
export class DispatcherHealth {
  lastSuccessAt: Date | null = null;
  lastError: string | null = null;
  retryAt: Date | null = null;
  consecutiveFailures = 0;
  /** The one that runs, or else the last one. */
  snapshot: SnapshotReport | null = null;

  constructor(private readonly metrics: SyncMetrics) {}

  succeeded(): void {
    this.lastSuccessAt = new Date();
    this.lastError = null;
    this.retryAt = null;
    this.consecutiveFailures = 0;
  }

  failed(reason: string, retryInMs: number): void {
    this.lastError = reason;
    this.retryAt = new Date(Date.now() + retryInMs);
    this.consecutiveFailures++;
    this.metrics.failures.inc();
  }
}
