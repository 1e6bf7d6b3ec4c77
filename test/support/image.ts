import { Cluster, type Redis } from 'ioredis';
import pg from 'pg';
import { loadConfig } from '../../src/config/load-config.js';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { HASH_OF, redisKeys, redisPrefixes, SYNC_KINDS } from '../../src/contract/redis-keys.js';
import { ResourceReader } from '../../src/sync/resource-reader.js';
import { hashOf, recordKey } from '../../src/sync/resource.js';
import { createSources } from '../../src/sync/sources.js';
import { TEST_ENVIRONMENT } from './environment.js';

/** Everything that balancers read: `hash field` or `record` → value. */
export type RedisImage = Record<string, unknown>;

const ALL = 1_000_000;

/** What Redis is to hold, rendered from PostgreSQL now. */
export async function desiredImage(dsn: string): Promise<RedisImage> {
  const config = loadConfig({ ...TEST_ENVIRONMENT, EZ_PG_DSN: dsn }, '/nonexistent');
  const reader = new ResourceReader(createSources(config), ALL);
  const client = new pg.Client({ ...parsePgDsn(dsn), types: NUMBERS });
  await client.connect();
  try {
    const sql = {
      query: async <R>(text: string, values?: unknown[]) => (await client.query(text, values)).rows as R[],
    };
    const image: RedisImage = {};
    for (const kind of SYNC_KINDS) {
      const { resources, broken } = await reader.page(sql, kind, '');
      if (broken.length > 0) throw new Error(`cannot be rendered: ${JSON.stringify(broken)}`);
      for (const resource of resources) {
        if (resource.field !== undefined) image[`${hashOf(kind)} ${resource.ref}`] = resource.field;
        // The record of what was deleted stays, and refuses by name.
        if (resource.record) image[recordKey(resource)] = withoutGeneration(resource.record);
      }
    }
    return image;
  } finally {
    await client.end();
  }
}

/** What Redis holds. */
export async function actualImage(redis: Redis): Promise<RedisImage> {
  const image: RedisImage = {};
  for (const hash of Object.values(HASH_OF)) {
    for (const [field, value] of Object.entries(await redis.hgetall(hash))) image[`${hash} ${field}`] = value;
  }
  const records = [...(await namesOf(redis, redisPrefixes.token)), ...(await namesOf(redis, redisPrefixes.master))];
  for (const name of records) image[name] = withoutGeneration(await redis.hgetall(name));
  const meta = await redis.hgetall(redisKeys.modelsMeta);
  if (Object.keys(meta).length > 0) image[redisKeys.modelsMeta] = withoutGeneration(meta);
  return image;
}

/** Of all masters of a cluster. */
async function namesOf(redis: Redis | Cluster, prefix: string): Promise<string[]> {
  const masters = redis instanceof Cluster ? redis.nodes('master') : [redis];
  return (await Promise.all(masters.map((master) => master.keys(`${prefix}*`)))).flat();
}

/** `gen` is a companion of the control plane; `ver` is compared. */
const withoutGeneration = ({ gen: _gen, ...record }: Record<string, string>): Record<string, string> => record;

const { INT8, NUMERIC } = pg.types.builtins;

export const NUMBERS = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    ([INT8, NUMERIC] as number[]).includes(oid) ? Number : pg.types.getTypeParser(oid, format),
} as never;
