import type { HashKind } from '../contract/redis-keys.js';
import { HASH_KINDS, type Counts } from './losses.js';
import type { Sql } from './sync-database.js';

/** Each field in Redis needs a row of these at least. */
const TABLES: Record<HashKind, string> = {
  provider: 'api_keys',
  key: 'key_secrets',
  binding: 'bindings',
  model: 'models',
  feature: 'features',
  namespace: 'namespaces',
};

/** How many fields there can be of each kind at most, counted no further than to `limits`. */
export async function expectedCounts(sql: Sql, limits: Counts): Promise<Counts> {
  const columns = HASH_KINDS.map(
    (kind, i) => `(SELECT count(*) FROM (SELECT FROM ${TABLES[kind]} LIMIT $${i + 1}) counted) AS "${kind}"`,
  );
  const [counts] = await sql.query<Record<HashKind, number>>(
    `SELECT ${columns.join(', ')}`,
    HASH_KINDS.map((kind) => limits.get(kind) ?? 0),
  );
  return new Map(HASH_KINDS.map((kind) => [kind, counts![kind]]));
}

/** How many of each kind have changed since `version`, in whatever way. */
export async function changedCounts(sql: Sql, version: string): Promise<Counts> {
  const rows = await sql.query<{ kind: HashKind; count: number }>(
    'SELECT kind, count(*) FROM sync_resource WHERE version > $1 GROUP BY kind',
    [version],
  );
  return new Map(rows.map(({ kind, count }) => [kind, count]));
}
