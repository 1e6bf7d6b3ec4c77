import type { Redis } from 'ioredis';
import { until } from './launcher.js';
import type { Certificate } from './certificate.js';
import { connectForTest, encryption, REPLICATION, RedisServer } from './redis-server.js';

const MASTER = 'ez';

/** A master with a replica, and the sentinel that watches them. */
export class RedisSentinels {
  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    readonly sentinel: RedisServer,
    /** Follows the master. */
    readonly client: Redis,
  ) {}

  static async start(tls?: Certificate): Promise<RedisSentinels> {
    const master = await RedisServer.start(REPLICATION, tls);
    const replica = await RedisServer.start([...REPLICATION, `replicaof 127.0.0.1 ${master.port}`], tls);
    const sentinel = await RedisServer.start(
      [
        `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} 1`,
        `sentinel down-after-milliseconds ${MASTER} 1000`,
        `sentinel failover-timeout ${MASTER} 5000`,
      ],
      tls,
    );
    await until(async () => ((await sentinel.client.call('SENTINEL', 'REPLICAS', MASTER)) as unknown[]).length === 1);
    await until(async () => (await replica.client.info('replication')).includes('master_link_status:up'));
    const nodes = [{ host: '127.0.0.1', port: sentinel.port }];
    const client = await connectForTest({
      mode: 'sentinel',
      nodes,
      sentinel_master: MASTER,
      db: 0,
      ...encryption(tls),
    });
    return new RedisSentinels(master, replica, sentinel, client);
  }

  get env(): Record<string, string> {
    return { EZ_REDIS_MODE: 'sentinel', EZ_REDIS_SENTINELS: this.sentinel.address, EZ_REDIS_SENTINEL_MASTER: MASTER };
  }

  async close(): Promise<void> {
    this.client.disconnect();
    await Promise.all([this.sentinel, this.replica, this.master].map((server) => server.close()));
  }
}
