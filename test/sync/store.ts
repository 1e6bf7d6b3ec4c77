import type { Redis } from 'ioredis';
import { redisKeys } from '../../src/contract/redis-keys.js';
import type { Head } from '../../src/sync/head.js';
import { RedisStore } from '../../src/sync/redis-store.js';
import { claimRedisDb } from '../support/redis.js';

export const SOURCE = '11111111-1111-4111-8111-111111111111';

export const at = (version: string, gen = '1'): Head => ({ gen, version, source: SOURCE });

export interface TestStore {
  store: RedisStore;
  redis: Redis;
  /** Nothing but a marker: generation 1, term 3. */
  reset(version: string): Promise<void>;
  /** Entries of the change stream, each as `version kind ref op`. */
  changes(): Promise<string[]>;
  close(): Promise<void>;
}

/** The scripts on a Redis of their own, with nobody else around. */
export async function openStore(): Promise<TestStore> {
  const server = await claimRedisDb();
  const redis = server.client;
  return {
    store: new RedisStore(redis),
    redis,
    close: () => server.close(),
    async reset(version) {
      await redis.flushdb();
      await redis.hset(redisKeys.marker, { gen: '1', version, source: SOURCE, fence: '3', heartbeat: '0' });
    },
    async changes() {
      const entries = await redis.xrange(redisKeys.changes, '-', '+');
      return entries.map(([, [, v, , kind, , ref, , op]]) => `${v} ${kind} ${ref} ${op}`);
    },
  };
}
