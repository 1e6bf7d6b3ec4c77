import { Redis } from 'ioredis';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, spawnGuarded, type Guarded } from '../../bin/lib/processes.mjs';
import { findRedis } from '../../bin/lib/redis-binary.mjs';
import type { RedisTarget } from '../../src/config/redis-target.js';
import { connectRedis } from '../../src/redis/redis-client.js';
import type { Certificate } from './certificate.js';
import { until } from './launcher.js';

/** As the application connects: nothing waits for a server that is gone. */
export async function connectForTest(target: RedisTarget): Promise<Redis> {
  const client = connectRedis(target, 'test');
  if (client.status !== 'ready') await once(client, 'ready');
  return client as Redis;
}

/** Lines of a redis.conf. */
export type RedisConf = readonly string[];

/** Replicas come in as a user of their own, so that they can be kept out. */
export const REPLICATION: RedisConf = [
  'user default on nopass ~* &* +@all',
  'user replica on >replica-secret +psync +replconf +ping',
  'masteruser replica',
  'masterauth replica-secret',
  'repl-diskless-sync-delay 0',
];

/** A Redis of the test's own, to be killed, paused and configured. It ends with the test at the latest. */
export class RedisServer {
  /** Connected as the user that may do everything. */
  readonly client: Redis;
  private process: Guarded | undefined;
  private pid: number | undefined;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly conf: RedisConf,
    tls: Certificate | undefined,
  ) {
    const access = { host: '127.0.0.1', port, tls: tls?.options };
    this.client = new Redis({ ...access, lazyConnect: true, retryStrategy: () => 50 });
    this.client.on('error', () => undefined);
  }

  static async start(conf: RedisConf = [], tls?: Certificate): Promise<RedisServer> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'ez-redis-'));
    const listen = tls ? ['port 0', `tls-port ${port}`, ...encrypted(tls)] : [`port ${port}`];
    const server = new RedisServer(port, folder, [...listen, ...conf], tls);
    await server.restart();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** With what it has saved, if it saves. */
  async restart(): Promise<void> {
    const { command, env } = await findRedis();
    const isSentinel = this.conf.some((line) => line.startsWith('sentinel '));
    const lines = ['bind 127.0.0.1', 'logfile redis.log', ...(isSentinel ? [] : ['save ""'])];
    const file = join(this.folder, 'redis.conf');
    writeFileSync(file, [...lines, ...this.conf, ''].join('\n'));
    const args = isSentinel ? [file, '--sentinel'] : [file];
    this.process = spawnGuarded(command, args, { cwd: this.folder, output: 'pipe', env });
    await until(async () => (await this.client.ping().catch(() => '')) === 'PONG');
    this.pid = Number(/process_id:(\d+)/.exec(await this.client.info('server'))![1]);
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    process.kill(this.pid!, 'SIGKILL');
    await this.process!.exited;
  }

  /** From here on `replica` no longer hears of what is written here. */
  async forget(replica: RedisServer): Promise<void> {
    await this.client.acl('SETUSER', 'replica', 'off');
    await this.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
    await until(async () => (await replica.client.info('replication')).includes('master_link_status:down'));
  }

  async close(): Promise<void> {
    this.client.disconnect();
    if (this.process && !this.process.hasExited()) {
      process.kill(this.pid!, 'SIGKILL');
      await this.process.exited;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const encrypted = ({ certFile, keyFile }: Certificate): RedisConf => [
  `tls-cert-file ${certFile}`,
  `tls-key-file ${keyFile}`,
  `tls-ca-cert-file ${certFile}`,
  'tls-replication yes',
];

/** How a client is told of it. */
export const encryption = (tls: Certificate | undefined): Pick<RedisTarget, 'tls' | 'tls_files'> =>
  tls ? { tls: true, tls_files: { ca: tls.certFile, cert: tls.certFile, key: tls.keyFile } } : { tls: false };
