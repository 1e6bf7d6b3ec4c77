import type { SyncKind } from '../contract/redis-keys.js';
import { KEY_IS_DENIED, KEY_JOINS } from '../modules/keys/key.source.js';
import { EACH_CHANGED } from './each-changed.js';
import type { Marker } from './marker.js';
import type { Sql } from './sync-database.js';

/** The newest committed version of the configuration. */
export interface Head {
  gen: string;
  version: string;
  /** Identity of this database. */
  source: string;
}

export async function readHead(sql: Sql): Promise<Head> {
  const [head] = await sql.query<Head>('SELECT gen::text, version::text, source::text FROM sync_head');
  if (!head) throw new Error('sync_head has no row');
  return head;
}

export interface Change {
  kind: SyncKind;
  ref: string;
  deleted: boolean;
  /** Takes access away from a client. */
  is_denial: boolean;
}

export interface DatedChange extends Change {
  version: string;
  /** Seconds from its commit to this reading, both by the clock of the database. */
  age: number;
}

/** Beyond this many changes, reading everything in order is faster than reading what changed. */
const BACKLOG_MAX = 50_000;

/**
 * What has changed after `version`, and with `retryBroken` also what could not be rendered before.
 * @returns undefined if it is too much
 */
export async function changesSince(
  sql: Sql,
  version: string,
  options: { retryBroken?: boolean } = {},
): Promise<DatedChange[] | undefined> {
  return readChanges(
    sql,
    version,
    options.retryBroken ? 's.version > $1 OR s.quarantined_at IS NOT NULL' : 's.version > $1',
  );
}

/**
 * Of too many changes those that are few: of all that is no key, and of keys that were touched by themselves.
 * @returns undefined if even these are too many
 */
export async function fewChangesSince(sql: Sql, version: string): Promise<DatedChange[] | undefined> {
  const others = await readChanges(sql, version, `s.version > $1 AND s.kind NOT IN ('key', 'master_keys')`);
  const keys = await readChanges(sql, version, `s.version > $1 AND s.kind = 'key'`);
  return others && [...others, ...(keys ?? [])];
}

async function readChanges(sql: Sql, version: string, where: string): Promise<DatedChange[] | undefined> {
  const changes = await sql.query<DatedChange>(
    `WITH touched AS (SELECT * FROM sync_resource s WHERE ${where})
     SELECT s.kind, s.ref, s.deleted, ${KEY_IS_DENIED} AS is_denial,
            s.version::text, extract(epoch FROM clock_timestamp() - s.changed_at) AS age
       FROM (SELECT * FROM (${EACH_CHANGED}) changed LIMIT $2) s ${KEY_JOINS}`,
    [version, BACKLOG_MAX + 1],
  );
  return changes.length > BACKLOG_MAX ? undefined : changes;
}

/**
 * Redis holds what this database never said, or says no more. From here on every version belongs to a generation that is
 * newer than both, so that nobody takes one history for the other.
 */
export async function startGeneration(sql: Sql, { gen, version }: Marker): Promise<Head> {
  const [head] = await sql.query<Head>(
    `UPDATE sync_head SET gen = greatest(gen, $1) + 1, version = greatest(version, $2)
      RETURNING gen::text, version::text, source::text`,
    [gen, version],
  );
  return head!;
}

/** In a generation that has begun already no version is to be given that the one before has given. */
export async function raiseVersion(sql: Sql, { version }: Marker): Promise<Head> {
  const [head] = await sql.query<Head>(
    `UPDATE sync_head SET version = greatest(version, $1) RETURNING gen::text, version::text, source::text`,
    [version],
  );
  return head!;
}
