import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { redisKeys } from '../../src/contract/redis-keys.js';
import { HttpClient } from './http-client.js';
import { freePort, Program } from './program.js';
import { seed } from './seed.js';
import { until } from './time.js';

const DIST = path.resolve(import.meta.dirname, '..', '..');
const MAIN = path.join(DIST, 'src', 'main.js');
const PROGRAMS = path.join(DIST, 'bench', 'programs');

export interface Served {
  program: Program;
  /** Asks as an operator does. */
  http: HttpClient;
  /** Asks as a balancer does. */
  internal: HttpClient;
  /** From the start of the process to its first answer. */
  startedMs: number;
}

/** A database and a Redis database of their own, in the servers of this run, and the programs that use them. */
export class Arena {
  readonly pool: pg.Pool;
  readonly redis: Redis;
  private readonly env: NodeJS.ProcessEnv;
  private readonly running: Served[] = [];

  private constructor(
    private readonly folder: string,
    readonly database: string,
    readonly redisDb: number,
  ) {
    const dsn = new URL(required('EZ_PG_DSN'));
    dsn.pathname = database;
    const [host, port] = required('EZ_REDIS_ADDR').split(':') as [string, string];
    const password = required('EZ_REDIS_PASSWORD');
    this.pool = new pg.Pool({ connectionString: dsn.href, max: 2 });
    this.redis = new Redis({ host, port: Number(port), password, db: redisDb });
    this.env = {
      ...withoutSettings(process.env),
      NODE_ENV: 'production',
      EZ_DATA_DIR: folder,
      EZ_PG_DSN: dsn.href,
      EZ_REDIS_ADDR: `${host}:${port}`,
      EZ_REDIS_PASSWORD: password,
      EZ_REDIS_DB: String(redisDb),
      EZ_ADMIN_TOKEN: newSecret(),
      EZ_INTERNAL_TOKEN: newSecret(),
      EZ_JWT_SECRET: newSecret(),
      EZ_ENCRYPTION_KEY: newSecret(),
    };
  }

  /** @param name of the database, and of the log files */
  static async open(
    folder: string,
    name: string,
    { redisDb, keys }: { redisDb: number; keys: number },
  ): Promise<Arena> {
    await asAdministrator(`CREATE DATABASE ${name}`);
    const arena = new Arena(folder, name, redisDb);
    if ((await arena.start(MAIN, 'migrate').ended()) !== 0) throw new Error('migrations failed');
    await seed(arena.pool, keys);
    return arena;
  }

  /** The server as it runs in production, with everything pushed to Redis. */
  async serve(): Promise<Served> {
    const served = await this.listen([MAIN, 'serve'], '/health/ready');
    await this.untilRedisFollows();
    return served;
  }

  /** Whatever Redis holds. */
  serveUnready(): Promise<Served> {
    return this.listen([MAIN, 'serve'], '/health/live');
  }

  /** Resolves with the time at which Redis held the newest version. */
  untilRedisFollows(): Promise<number> {
    return until(async () => {
      const { rows } = await this.pool.query<{ version: string }>('SELECT version FROM sync_head');
      return (await this.redis.hget(redisKeys.marker, 'version')) === rows[0]!.version;
    });
  }

  /** The simplest programs that do the same, on the same libraries. */
  serveBare(): Promise<Served> {
    return this.listen([path.join(PROGRAMS, 'bare-api.js')], '/');
  }

  /** What the first gateways of this family did. */
  serveOriginal(faults: NodeJS.ProcessEnv = {}): Promise<Served> {
    return this.listen([path.join(PROGRAMS, 'original.js')], '/', faults);
  }

  /** Programs that are started from here on reach Redis there. */
  redirectRedis(addr: string): void {
    this.env.EZ_REDIS_ADDR = addr;
  }

  /** A program that speaks to us through its channel. */
  start(...command: [script: string, ...args: string[]]): Program {
    return this.startWith(command, {});
  }

  startProber(): Program {
    return this.start(path.join(PROGRAMS, 'prober.js'));
  }

  async close(): Promise<void> {
    for (const { http, internal, program } of this.running) {
      http.close();
      internal.close();
      await program.stop();
    }
    await this.redis.flushdb('ASYNC');
    this.redis.disconnect();
    await this.pool.end();
    await asAdministrator(`DROP DATABASE ${this.database}`);
  }

  private async listen(
    command: [string, ...string[]],
    healthPath: string,
    extra: NodeJS.ProcessEnv = {},
  ): Promise<Served> {
    const port = await freePort();
    const program = this.startWith(command, { ...extra, EZ_API_PORT: String(port) });
    const base = `http://127.0.0.1:${port}`;
    const startedMs = await program.answers(base + healthPath);
    const as = (token: string): HttpClient => new HttpClient(base, required(token, this.env));
    const served = { program, http: as('EZ_ADMIN_TOKEN'), internal: as('EZ_INTERNAL_TOKEN'), startedMs };
    this.running.push(served);
    return served;
  }

  private startWith(command: [string, ...string[]], extra: NodeJS.ProcessEnv): Program {
    const env = { ...this.env, ...extra };
    return Program.start({ command, env, logFile: path.join(this.folder, `${this.database}.log`), cwd: this.folder });
  }
}

/** Two with the same seed, ours and the yardstick's, for as long as they are compared. */
export async function sideBySide<T>(
  folder: string,
  { name, keys }: { name: string; keys: number },
  compare: (ours: Arena, yardstick: Arena) => Promise<T>,
): Promise<T> {
  const ours = await Arena.open(folder, name, { redisDb: 1, keys });
  const yardstick = await Arena.open(folder, `${name}_yardstick`, { redisDb: 2, keys });
  try {
    return await compare(ours, yardstick);
  } finally {
    await ours.close();
    await yardstick.close();
  }
}

async function asAdministrator(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: required('EZ_PG_DSN') });
  await client.connect();
  await client.query(sql);
  await client.end();
}

function required(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set: start the benchmarks with bin/bench`);
  return value;
}

/** Nothing that happens to be set where we were called may change what is measured. */
const withoutSettings = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('EZ_')));

const newSecret = (): string => randomBytes(32).toString('hex');
