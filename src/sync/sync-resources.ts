import type { SyncKind } from '../contract/redis-keys.js';
import { EACH_CHANGED } from './each-changed.js';
import type { Sql } from './sync-database.js';
import type { SyncResourceView } from './sync.dto.js';

/** Rows shaped like `sync_resource`, chosen by one value, `$1`. */
export interface ResourceFilter {
  rows: string;
  value: string | number;
}

/** More than these take long, and say nothing new. */
export const MOST_PENDING = 100_000;

/** Of very many the oldest. */
export const changedAfter = (version: string): ResourceFilter => ({
  rows: `WITH touched AS (SELECT * FROM sync_resource WHERE version > $1 ORDER BY version LIMIT ${MOST_PENDING})
         SELECT * FROM (${EACH_CHANGED}) changed LIMIT ${MOST_PENDING}`,
  value: version,
});

export const quarantined = (attemptsMin = 0): ResourceFilter => ({
  rows: 'SELECT * FROM sync_resource WHERE quarantined_at IS NOT NULL AND attempts >= $1',
  value: attemptsMin,
});

/** Oldest change first. */
export const listResources = (sql: Sql, { rows, value }: ResourceFilter, offset: number, limit: number) =>
  sql.query<SyncResourceView>(
    `SELECT s.kind, s.ref, s.version::text, s.deleted, s.changed_at, s.attempts, s.last_error, s.quarantined_at
       FROM (${rows}) s ORDER BY s.version, s.kind, s.ref OFFSET $2 LIMIT $3`,
    [value, offset, limit],
  );

export async function countResources(sql: Sql, { rows, value }: ResourceFilter): Promise<number> {
  const [counted] = await sql.query<{ count: number }>(`SELECT count(*) FROM (${rows}) s`, [value]);
  return counted!.count;
}

export interface PendingKind {
  kind: SyncKind;
  count: number;
  oldest: Date;
}

export const pendingByKind = (sql: Sql, { rows, value }: ResourceFilter) =>
  sql.query<PendingKind>(
    `SELECT s.kind, count(*), min(s.changed_at) AS oldest
       FROM (${rows}) s GROUP BY s.kind`,
    [value],
  );
