import { until } from './launcher.js';
import { REPLICATION, RedisServer, type RedisConf } from './redis-server.js';

const MASTER = 'ez';

/** A master with a replica, and the sentinel that watches them. */
export class RedisSentinels {
  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    readonly sentinel: RedisServer,
  ) {}

  static async start(conf: RedisConf = []): Promise<RedisSentinels> {
    const master = await RedisServer.start([...REPLICATION, ...conf]);
    const replica = await RedisServer.start([...REPLICATION, ...conf, `replicaof 127.0.0.1 ${master.port}`]);
    const sentinel = await RedisServer.start([
      `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${MASTER} 1000`,
      `sentinel failover-timeout ${MASTER} 5000`,
    ]);
    const sentinels = new RedisSentinels(master, replica, sentinel);
    await until(async () => ((await sentinel.client.call('SENTINEL', 'REPLICAS', MASTER)) as unknown[]).length === 1);
    await until(async () => (await replica.client.info('replication')).includes('master_link_status:up'));
    return sentinels;
  }

  get env(): Record<string, string> {
    return { EZ_REDIS_MODE: 'sentinel', EZ_REDIS_SENTINELS: this.sentinel.address, EZ_REDIS_SENTINEL_MASTER: MASTER };
  }

  async close(): Promise<void> {
    await Promise.all([this.sentinel, this.replica, this.master].map((server) => server.close()));
  }
}
