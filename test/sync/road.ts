import type { Redis } from 'ioredis';
import pg from 'pg';
import { Metrics } from '../../src/common/metrics.js';
import { loadConfig } from '../../src/config/load-config.js';
import { CommitSignal } from '../../src/outbox/commit-signal.js';
import { Durability } from '../../src/sync/durability.js';
import { FullSnapshot, type SnapshotOrder } from '../../src/sync/full-snapshot.js';
import { readHead, type Head } from '../../src/sync/head.js';
import { Increment } from '../../src/sync/increment.js';
import { Quarantine } from '../../src/sync/quarantine.js';
import { RedisStore } from '../../src/sync/redis-store.js';
import { ResourceReader } from '../../src/sync/resource-reader.js';
import { createSources } from '../../src/sync/sources.js';
import { SyncDatabase } from '../../src/sync/sync-database.js';
import { SyncMetrics } from '../../src/sync/sync-metrics.js';
import { SyncTools } from '../../src/sync/sync-tools.js';
import { createTestDatabase } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { claimRedisDb } from '../support/redis.js';

/** Small, so that few keys make many pages. */
const PAGE = 50;

export const hashOfKey = (n: number): string => n.toString(16).padStart(64, '0');

/** The road to Redis in parts, without an application around it: what happens between two pages is the test's to say. */
export interface Road {
  dsn: string;
  redis: Redis;
  tools: SyncTools;
  increment: Increment;
  head(): Promise<Head>;
  /** One version: a statement, and the resources that it touches. */
  commit(statement: string, kind: string, refs: string[]): Promise<void>;
  snapshot(order?: Partial<SnapshotOrder>): Promise<Head>;
  close(): Promise<void>;
}

export async function openRoad(keys: number, page = PAGE): Promise<Road> {
  const [database, server] = await Promise.all([createTestDatabase(), claimRedisDb()]);
  const config = loadConfig(
    { ...TEST_ENVIRONMENT, EZ_PG_DSN: database.dsn, EZ_SYNC_OUTBOX_BATCH_SIZE: String(page) },
    '/nonexistent',
  );
  const db = new SyncDatabase(config);
  const reader = new ResourceReader(createSources(config), page);
  const quarantine = new Quarantine(db, config);
  const durability = new Durability(db, new CommitSignal());
  const store = new RedisStore(server.client);
  const tools = new SyncTools(db, reader, store, quarantine, new SyncMetrics(new Metrics()), durability);
  const increment = new Increment(tools);
  const client = new pg.Client(database.dsn);
  await client.connect();
  await client.query(someKeys(keys));
  return {
    dsn: database.dsn,
    redis: server.client,
    tools,
    increment,
    head: () => readHead(db),
    async commit(statement, kind, refs) {
      await client.query('BEGIN');
      await client.query(statement);
      await client.query(
        `WITH head AS (UPDATE sync_head SET version = version + 1 RETURNING version)
         INSERT INTO sync_resource (kind, ref, version, deleted)
         SELECT $1, ref, version, false FROM head, unnest($2::text[]) ref
             ON CONFLICT (kind, ref) DO UPDATE SET version = EXCLUDED.version`,
        [kind, refs],
      );
      await client.query('COMMIT');
    },
    async snapshot(order = {}) {
      const head = await readHead(db);
      const plain: SnapshotOrder = {
        fence: '1',
        before: 'unknown',
        since: head.version,
        replaces: undefined,
        permits: () => Promise.resolve(false),
        ids: [],
        hasNews: () => false,
        signal: new AbortController().signal,
      };
      const snapshot = new FullSnapshot(tools, increment, { ...plain, ...order }, head);
      const reached = await snapshot.run();
      await snapshot.collect(reached);
      return reached;
    },
    async close() {
      await client.end();
      await db.onApplicationShutdown();
      await server.close();
      await database.drop();
    },
  };
}

/** Keys 1 to n of one master, each with one secret, `hashOfKey(n)`. */
const someKeys = (n: number): string => `
  INSERT INTO masters (id, name, master_key_hash, master_key_hint) VALUES (1, 'm', 'h', 'x');
  INSERT INTO keys (id, master_id, name) SELECT n, 1, 'k' || n FROM generate_series(1, ${n}) n;
  INSERT INTO key_secrets (key_id, token_hash, hint) SELECT n, lpad(to_hex(n), 64, '0'), 'x' FROM generate_series(1, ${n}) n;
  INSERT INTO sync_resource (kind, ref, version, deleted)
    SELECT 'key', token_hash, 1, false FROM key_secrets UNION ALL SELECT 'master', '1', 1, false;
  UPDATE sync_head SET version = 1, fence = 1`;

export const revoke = (road: Road, n: number): Promise<void> =>
  road.commit(`UPDATE key_secrets SET revoked_at = now() WHERE key_id = ${n}`, 'key', [hashOfKey(n)]);
