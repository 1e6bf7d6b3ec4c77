import { Redis } from 'ioredis';
import { claimRedisDb, type TestRedis } from './redis.js';
import { RedisCluster } from './redis-cluster.js';
import { RedisSentinels } from './redis-sentinels.js';

/** The configuration Redis of an application under test, in whichever topology. */
export type Topology = Pick<TestRedis, 'client' | 'close'> & { env: Record<string, string> };

export const TOPOLOGIES: Readonly<Record<'standalone' | 'sentinel' | 'cluster', () => Promise<Topology>>> = {
  async standalone() {
    const { addr, password, db, ...redis } = await claimRedisDb();
    return { ...redis, env: { EZ_REDIS_ADDR: addr, EZ_REDIS_PASSWORD: password, EZ_REDIS_DB: String(db) } };
  },
  async sentinel() {
    return ofSentinels(await RedisSentinels.start());
  },
  async cluster() {
    return ofCluster(await RedisCluster.start());
  },
};

/** Its client follows the master. */
export function ofSentinels(sentinels: RedisSentinels): Topology {
  const { port } = sentinels.sentinel;
  const client = new Redis({ sentinels: [{ host: '127.0.0.1', port }], name: 'ez', retryStrategy: () => 50 });
  client.on('error', () => undefined);
  const close = async (): Promise<void> => {
    client.disconnect();
    await sentinels.close();
  };
  return { env: sentinels.env, client, close };
}

/** To whoever looks at keys, a cluster is one Redis. */
export const ofCluster = (cluster: RedisCluster): Topology => ({
  env: { EZ_REDIS_MODE: 'cluster', EZ_REDIS_ADDR: cluster.masters.map(({ address }) => address).join(',') },
  client: cluster.client as unknown as Redis,
  close: () => cluster.close(),
});
