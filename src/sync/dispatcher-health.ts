import { Injectable } from '@nestjs/common';

/** Why everything in Redis is being replaced. */
export type SnapshotReason = 'absent' | 'outdated' | 'alien' | 'backlog' | 'wrong_type' | 'requested';

export interface SnapshotReport {
  reason: SnapshotReason;
  started_at: Date;
  finished_at: Date | null;
  resources: number;
  error: string | null;
}

/** What the dispatcher of this process has to say of itself. */
@Injectable()
export class DispatcherHealth {
  lastSuccessAt: Date | null = null;
  lastError: string | null = null;
  retryAt: Date | null = null;
  consecutiveFailures = 0;
  /** The one that runs, or else the last one. */
  snapshot: SnapshotReport | null = null;

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
  }
}
