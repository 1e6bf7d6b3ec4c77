import { redisPrefixes, type SyncKind } from '../contract/redis-keys.js';
import { RefusedError } from './apply-writer.js';
import type { RedisStore } from './redis-store.js';
import type { Sql } from './sync-database.js';

const FAMILIES: readonly { kind: SyncKind; prefix: string }[] = [
  { kind: 'key', prefix: redisPrefixes.token },
  { kind: 'master', prefix: redisPrefixes.master },
];

export interface Collecting {
  gen: string;
  fence: string;
  /** Runs between two pages. */
  between: () => Promise<void>;
}

/** Deletes tokens and masters that this database never knew: left by another one, or by a Redis of long ago. */
export async function collectOrphans(
  { store, database }: { store: RedisStore; database: Sql },
  { gen, fence, between }: Collecting,
): Promise<void> {
  for (const { kind, prefix } of FAMILIES) {
    let cursor = '0';
    do {
      const [next, names] = await store.scan(prefix, cursor);
      const orphans = await unexplained(
        database,
        kind,
        names.map((name) => name.slice(prefix.length)),
      );
      if (orphans.length > 0) {
        const versions = await store.recordVersions(orphans.map((ref) => prefix + ref));
        const seen = new Map(orphans.map((ref, i) => [ref, versions[i]!]));
        // Asked again: what was created meanwhile has a row by now, and what changes from here on has another version.
        const still = await unexplained(database, kind, orphans);
        const collected = await store.collect(gen, fence, new Map(still.map((ref) => [prefix + ref, seen.get(ref)!])));
        if (collected < 0) throw new RefusedError('fenced', fence);
      }
      await between();
      cursor = next;
    } while (cursor !== '0');
  }
}

async function unexplained(sql: Sql, kind: SyncKind, refs: string[]): Promise<string[]> {
  if (refs.length === 0) return [];
  const rows = await sql.query<{ ref: string }>(
    `SELECT named.ref FROM unnest($2::text[]) named (ref)
      WHERE NOT EXISTS (SELECT 1 FROM sync_resource s WHERE s.kind = $1 AND s.ref = named.ref)`,
    [kind, refs],
  );
  return rows.map(({ ref }) => ref);
}
