import type { Redis } from 'ioredis';
import { freePort } from '../../bin/lib/processes.mjs';
import { slotOf } from '../../src/redis/slots.js';
import type { Certificate } from './certificate.js';
import { until } from './launcher.js';
import { connectForTest, encryption, REPLICATION, RedisServer, type RedisConf } from './redis-server.js';

const SLOTS = 16_384;

/** Three masters that share the slots, with or without a replica each. */
export class RedisCluster {
  private constructor(
    readonly masters: readonly RedisServer[],
    /** In the order of their masters. */
    readonly replicas: readonly RedisServer[],
    /** To whoever looks at keys, a cluster is one Redis. */
    readonly client: Redis,
  ) {}

  static async start(options: { replicas?: boolean; tls?: Certificate } = {}): Promise<RedisCluster> {
    const { replicas = false, tls } = options;
    const conf = [...CLUSTER, ...(tls ? ['tls-cluster yes'] : [])];
    const bus = await Promise.all(Array.from({ length: replicas ? 6 : 3 }, () => freePort()));
    const servers = await Promise.all(bus.map((port) => RedisServer.start([...conf, `cluster-port ${port}`], tls)));
    const masters = servers.slice(0, 3);
    for (const [i, master] of masters.entries()) {
      const range = [Math.ceil((SLOTS * i) / 3), Math.ceil((SLOTS * (i + 1)) / 3) - 1];
      await master.client.call('CLUSTER', 'ADDSLOTSRANGE', ...range.map(String));
      await master.client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
    }
    const [first, ...others] = servers;
    for (const [i, { port }] of others.entries()) {
      await first!.client.call('CLUSTER', 'MEET', '127.0.0.1', String(port), String(bus[i + 1]));
    }
    await until(async () => (await Promise.all(servers.map(isComplete(servers.length)))).every(Boolean));
    for (const [i, replica] of servers.slice(3).entries()) {
      await replica.client.call('CLUSTER', 'REPLICATE', (await masters[i]!.client.call('CLUSTER', 'MYID')) as string);
    }
    await until(async () => (await Promise.all(servers.slice(3).map(isInSync))).every(Boolean));
    const nodes = masters.map(({ port }) => ({ host: '127.0.0.1', port }));
    const client = await connectForTest({ mode: 'cluster', nodes, db: 0, ...encryption(tls) });
    return new RedisCluster(masters, servers.slice(3), client);
  }

  get env(): Record<string, string> {
    return { EZ_REDIS_MODE: 'cluster', EZ_REDIS_ADDR: this.masters.map(({ address }) => address).join(',') };
  }

  /** The number of the master that had the slot of this key at first. */
  numberOf(key: string): number {
    return Math.floor((slotOf(key) * 3) / SLOTS);
  }

  /** Moves a slot with all that is in it, while others go on using it. */
  async moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
    const [source, target] = await Promise.all(
      [from, to].map(async ({ client }) => client.call('CLUSTER', 'MYID') as Promise<string>),
    );
    await to.client.call('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', source!);
    await from.client.call('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', target!);
    for (;;) {
      const keys = (await from.client.call('CLUSTER', 'GETKEYSINSLOT', String(slot), '10')) as string[];
      if (keys.length === 0) break;
      for (const key of keys) await from.client.call('MIGRATE', '127.0.0.1', String(to.port), key, '0', '5000');
    }
    for (const { client } of [to, from, ...this.masters])
      await client.call('CLUSTER', 'SETSLOT', String(slot), 'NODE', target!);
  }

  async close(): Promise<void> {
    this.client.disconnect();
    await Promise.all([...this.masters, ...this.replicas].map((server) => server.close()));
  }
}

const CLUSTER: RedisConf = [
  'cluster-enabled yes',
  'cluster-node-timeout 2000',
  'cluster-require-full-coverage no',
  'cluster-allow-replica-migration no',
  'cluster-replica-no-failover yes',
  ...REPLICATION,
];

const isComplete =
  (count: number) =>
  async ({ client }: RedisServer): Promise<boolean> => {
    const info = (await client.call('CLUSTER', 'INFO')) as string;
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}\r`);
  };

const isInSync = async ({ client }: RedisServer): Promise<boolean> =>
  (await client.info('replication')).includes('master_link_status:up');
