import { redisPrefixes, type SyncKind } from '../contract/redis-keys.js';
import { RefusedError } from './apply-writer.js';
import type { RedisStore } from './redis-store.js';
import type { Sql } from './sync-database.js';

const FAMILIES = { key: redisPrefixes.token, master: redisPrefixes.master } as const;

export type RecordFamily = keyof typeof FAMILIES;

interface Tools {
  store: RedisStore;
  database: Sql;
}

interface Term {
  gen: string;
  fence: string;
}

export interface Collecting extends Term {
  /** Runs between two pages. */
  between: () => Promise<void>;
}

/** Deletes tokens and masters that this database never knew: left by another one, or by a Redis of long ago. */
export async function collectOrphans(tools: Tools, { between, ...term }: Collecting): Promise<void> {
  for (const family of ['key', 'master'] as const) {
    let cursor = '0';
    do {
      ({ next: cursor } = await collectPage(tools, term, family, cursor));
      await between();
    } while (cursor !== '0');
  }
}

/** One page of that. @returns where the next one begins, '0' after the last, and how many were deleted */
export async function collectPage(
  { store, database }: Tools,
  { gen, fence }: Term,
  family: RecordFamily,
  cursor: string,
): Promise<{ next: string; collected: number }> {
  const prefix = FAMILIES[family];
  const [next, names] = await store.scan(prefix, cursor);
  const refs = names.map((name) => name.slice(prefix.length));
  const orphans = await unexplained(database, family, refs);
  if (orphans.length === 0) return { next, collected: 0 };
  const versions = await store.recordVersions(orphans.map((ref) => prefix + ref));
  const seen = new Map(orphans.map((ref, i) => [ref, versions[i]!]));
  // Asked again: what was created meanwhile has a row by now, and what changes from here on has another version.
  const still = await unexplained(database, family, orphans);
  const collected = await store.collect(gen, fence, new Map(still.map((ref) => [prefix + ref, seen.get(ref)!])));
  if (collected < 0) throw new RefusedError('fenced', fence);
  return { next, collected };
}

/** Those of which this database never knew. */
export async function unexplained(sql: Sql, kind: SyncKind, refs: string[]): Promise<string[]> {
  if (refs.length === 0) return [];
  const rows = await sql.query<{ ref: string }>(
    // As an anti-join it may be planned as a walk through all rows of the kind, for each of these.
    `SELECT unnest($2::text[]) AS ref
     EXCEPT SELECT s.ref FROM sync_resource s WHERE s.kind = $1 AND s.ref = ANY ($2::text[])`,
    [kind, refs],
  );
  return rows.map(({ ref }) => ref);
}
