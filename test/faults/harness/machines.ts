import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { preparePostgres } from '../../../bin/lib/postgres.mjs';
import type { Guarded } from '../../../bin/lib/processes.mjs';
import { prepareRedis } from '../../../bin/lib/redis.mjs';
import type { Server } from '../../../bin/lib/services.mjs';
import { migrateAll } from '../../../src/database/migrate.js';
import { parsePgDsn } from '../../../src/config/pg-dsn.js';

/** A server of a scenario's own, to be stopped, hung and killed. */
class Machine {
  private process: Guarded | undefined;

  protected constructor(
    private readonly server: Server,
    private readonly pidFile: string,
  ) {}

  get env(): Record<string, string> {
    return this.server.env;
  }

  async start(): Promise<void> {
    this.process = await this.server.start();
  }

  async stop(): Promise<void> {
    this.signal('SIGCONT');
    await this.process?.stop();
  }

  /** As if the power had gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.process?.exited;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.process?.hasExited()) return;
    process.kill(Number.parseInt(readFileSync(this.pidFile, 'utf8'), 10), signal);
  }
}

export class RedisMachine extends Machine {
  /** Past every proxy. Waits for a server that is away. */
  readonly client: Redis;
  readonly port: number;
  /** What the servers connect as: somebody whose rights can be taken away. */
  readonly user = 'ez-api';
  readonly password: string;

  private constructor(server: Server, folder: string) {
    super(server, join(folder, 'redis.pid'));
    this.port = Number(server.env.EZ_REDIS_ADDR!.split(':')[1]);
    this.password = server.env.EZ_REDIS_PASSWORD!;
    this.client = new Redis({
      port: this.port,
      password: this.password,
      lazyConnect: true,
      maxRetriesPerRequest: null,
      retryStrategy: () => 20,
    });
    this.client.on('error', () => undefined);
  }

  static async create(folder: string): Promise<RedisMachine> {
    return new RedisMachine(await prepareRedis({ folder, throwaway: true }), folder);
  }

  override async start(): Promise<void> {
    await super.start();
    await this.client.call('ACL', 'SETUSER', this.user, 'on', `>${this.password}`, '~*', '&*', '+@all');
  }

  async close(): Promise<void> {
    this.client.disconnect();
    await this.stop();
  }
}

export class PostgresMachine extends Machine {
  readonly dsn: string;

  private constructor(server: Server, folder: string) {
    super(server, join(folder, 'cluster', 'postmaster.pid'));
    this.dsn = server.env.EZ_PG_DSN!;
  }

  /** What it has said is committed survives its death. */
  static async create(folder: string): Promise<PostgresMachine> {
    return new PostgresMachine(await preparePostgres({ folder, throwaway: false }), folder);
  }

  migrate(): Promise<unknown> {
    return migrateAll(parsePgDsn(this.dsn));
  }
}

/** PostgreSQL may run as another user, and has to find its folder. */
export function workFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'ez-api-faults-'));
  chmodSync(path, 0o711);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
