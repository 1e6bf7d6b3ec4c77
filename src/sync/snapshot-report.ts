/** Why everything in Redis is being replaced. */
export const SNAPSHOT_REASONS = ['absent', 'outdated', 'alien', 'backlog', 'wrong_type', 'requested'] as const;

export type SnapshotReason = (typeof SNAPSHOT_REASONS)[number];

export interface SnapshotReport {
  reason: SnapshotReason;
  started_at: Date;
  finished_at: Date | null;
  resources: number;
  error: string | null;
}
