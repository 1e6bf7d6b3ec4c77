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
    return await RedisSentinels.start();
  },
  async cluster() {
    return await RedisCluster.start();
  },
};
