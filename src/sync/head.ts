import type { SyncKind } from '../contract/redis-keys.js';
import { KEY_IS_DENIED, KEY_JOINS } from '../modules/keys/key.source.js';
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

/** What has changed after `version`, and with `retryBroken` also what could not be rendered before. */
export function changesSince(
  sql: Sql,
  version: string,
  options: { retryBroken?: boolean; limit?: number } = {},
): Promise<DatedChange[]> {
  const broken = options.retryBroken ? 'OR s.quarantined_at IS NOT NULL' : '';
  return sql.query<DatedChange>(
    `SELECT s.kind, s.ref, s.deleted, ${KEY_IS_DENIED} AS is_denial,
            s.version::text, extract(epoch FROM clock_timestamp() - s.changed_at) AS age
       FROM sync_resource s ${KEY_JOINS}
      WHERE s.version > $1 ${broken} LIMIT $2`,
    [version, options.limit ?? null],
  );
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
