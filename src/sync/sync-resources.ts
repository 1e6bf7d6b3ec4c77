import type { SyncKind } from '../contract/redis-keys.js';
import type { Sql } from './sync-database.js';
import type { SyncResourceView } from './sync.dto.js';

/** A condition on `sync_resource s` with one value, `$1`. */
export interface ResourceFilter {
  condition: string;
  value: string | number;
}

export const changedAfter = (version: string): ResourceFilter => ({ condition: 's.version > $1', value: version });

export const quarantined = (attemptsMin = 0): ResourceFilter => ({
  condition: 's.quarantined_at IS NOT NULL AND s.attempts >= $1',
  value: attemptsMin,
});

/** Oldest change first. */
export const listResources = (sql: Sql, { condition, value }: ResourceFilter, offset: number, limit: number) =>
  sql.query<SyncResourceView>(
    `SELECT s.kind, s.ref, s.version::text, s.deleted, s.changed_at, s.attempts, s.last_error, s.quarantined_at
       FROM sync_resource s WHERE ${condition} ORDER BY s.version, s.kind, s.ref OFFSET $2 LIMIT $3`,
    [value, offset, limit],
  );

export async function countResources(sql: Sql, { condition, value }: ResourceFilter): Promise<number> {
  const rows = await sql.query<{ count: number }>(`SELECT count(*) FROM sync_resource s WHERE ${condition}`, [value]);
  return rows[0]!.count;
}

export interface PendingKind {
  kind: SyncKind;
  count: number;
  oldest: Date;
}

export const pendingByKind = (sql: Sql, { condition, value }: ResourceFilter) =>
  sql.query<PendingKind>(
    `SELECT s.kind, count(*), min(s.changed_at) AS oldest FROM sync_resource s WHERE ${condition} GROUP BY s.kind`,
    [value],
  );
