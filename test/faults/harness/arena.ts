import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { parsePgDsn } from '../../../src/config/pg-dsn.js';
import { createTestDatabase } from '../../support/database.js';
import type { Http, Json } from '../../support/http.js';
import { until } from '../../support/launcher.js';
import { ServerProcess } from '../../support/server-process.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { postgresWire, redisWire } from '../../support/wire.js';
import { check } from '../checker/check.js';
import type { Violation } from '../checker/violation.js';
import type { Fault } from './faults.js';
import { History, now, type Allowance } from './history.js';
import { Journal } from './journal.js';
import { Load, send } from './load.js';
import { PostgresMachine, RedisMachine, workFolder } from './machines.js';
import { Observer } from './observer.js';
import { chosenSeed, Random } from './random.js';

export interface ArenaOptions {
  scenario: string;
  /** A PostgreSQL of its own, which can be killed; else a database of the one that all tests share. */
  ownPostgres?: boolean;
  allows?: Allowance[];
  env?: Record<string, string>;
}

/** On a machine that does ten other things. */
const PATIENCE_MS = 60_000;

/**
 * Servers, the networks between them, somebody who writes and somebody who looks; whatever happens stands in the history.
 */
export class Arena {
  readonly history = new History();
  readonly random: Random;
  readonly load: Load;
  readonly observer: Observer;
  readonly servers: ServerProcess[] = [];
  private journal: Journal | undefined;
  private readonly closing: (() => unknown)[] = [];

  private constructor(
    readonly redis: RedisMachine,
    readonly postgres: PostgresMachine | undefined,
    /** Past every proxy. */
    readonly dsn: string,
    readonly toRedis: TcpProxy,
    readonly toPostgres: TcpProxy,
    private readonly options: ArenaOptions,
  ) {
    const seed = chosenSeed();
    process.stderr.write(`faults: ${options.scenario}, EZ_FAULT_SEED=${seed}\n`);
    this.history.add({ type: 'begin', scenario: options.scenario, seed, allows: options.allows ?? [] });
    this.random = new Random(seed);
    this.load = new Load(this.history, this.random.fork());
    this.observer = new Observer(redis.client, this.history);
  }

  static async open(options: ArenaOptions): Promise<Arena> {
    const folder = workFolder();
    const redis = await RedisMachine.create(join(folder.path, 'redis'));
    await redis.start();
    const database: Database = options.ownPostgres ? await ownDatabase(folder.path) : await createTestDatabase();
    await Journal.install(database.dsn);
    const { host, port } = parsePgDsn(database.dsn);
    const toPostgres = await TcpProxy.to({ host, port }, postgresWire);
    const toRedis = await TcpProxy.to({ host: '127.0.0.1', port: redis.port }, redisWire);
    const arena = new Arena(redis, database.machine, database.dsn, toRedis, toPostgres, options);
    arena.closing.push(
      folder.remove,
      () => database.drop(),
      () => redis.close(),
      () => toRedis.close(),
      () => toPostgres.close(),
    );
    arena.observer.start();
    return arena;
  }

  /** The servers that can be asked. */
  readonly serving = (): readonly Http[] => this.servers.filter(({ isRunning }) => isRunning).map(({ admin }) => admin);

  /** `main`: of another build. */
  async server(main?: string): Promise<ServerProcess> {
    const server = await ServerProcess.start({ ...this.environment, ...this.options.env }, main);
    this.servers.push(server);
    return server;
  }

  private get environment(): Record<string, string> {
    const url = new URL(this.dsn);
    url.hostname = '127.0.0.1';
    url.port = String(this.toPostgres.port);
    return {
      EZ_PG_DSN: url.href,
      EZ_REDIS_ADDR: `127.0.0.1:${this.toRedis.port}`,
      EZ_REDIS_USERNAME: this.redis.user,
      EZ_REDIS_PASSWORD: this.redis.password,
    };
  }

  /** One write of the test's own, in the history like all others. @returns undefined if the server dies */
  async write(method: string, path: string, body?: object, server = this.serving()[0]!): Promise<Json> {
    let answered: Json;
    const done = (json: Json): void => void (answered = json);
    const status = await send(this.history, server, { method, path, body, done });
    if (status !== null && status >= 400)
      throw new Error(`${method} ${path} was answered ${status}: ${JSON.stringify(answered)}`);
    return answered;
  }

  /** Under load for a while: long enough for a number of writes, however slow the machine is. */
  async writes(count: number): Promise<void> {
    const before = this.writeCount;
    await until(() => {
      if (this.serving().length === 0) throw new Error(`no server is left: ${this.servers.at(-1)?.output.join('')}`);
      return this.writeCount - before >= count;
    }, PATIENCE_MS);
  }

  get writeCount(): number {
    return this.history.events.filter((event) => event.type === 'write' && event.version !== null).length;
  }

  /** Load before, during and after. */
  async endure(fault: Fault, { forMs = 2_000, writesAfter = 20 } = {}): Promise<void> {
    this.load.start(this.serving);
    await this.writes(writesAfter);
    this.history.fault(`while ${fault.name}`);
    const heal = await fault.strike(this);
    await sleep(forMs);
    await this.status().finally(heal);
    this.history.fault(`no longer: ${fault.name}`);
    await this.writes(writesAfter);
  }

  /** What `GET /admin/sync/status` says now, and how much there is, if anybody can tell. */
  async status(): Promise<void> {
    const answer = await this.serving()[0]
      ?.get('/admin/sync/status')
      .catch(() => undefined);
    if (answer?.status !== 200) return;
    const { body } = answer;
    const counted = await this.sql<{ count: number }>('SELECT count(*)::int FROM sync_resource').catch(() => undefined);
    if (!counted) return;
    const { state, reasons, pending, lag } = body;
    this.history.add({
      type: 'status',
      at: now(),
      state,
      reasons,
      pending: pending.total,
      lag_ms: lag.ms,
      resources: counted[0]!.count,
    });
  }

  async sql<R>(statement: string, parameters?: unknown[]): Promise<R[]> {
    const client = new pg.Client(parsePgDsn(this.dsn));
    await client.connect();
    try {
      return (await client.query(statement, parameters)).rows as R[];
    } finally {
      await client.end();
    }
  }

  /**
   * Ends the load, waits until Redis has come as far as PostgreSQL, and judges everything that has happened.
   * @returns what was violated, in sentences; after them, where the history lies
   */
  async verdict(): Promise<string[]> {
    await this.settle();
    const violations = await this.violations();
    if (violations.length === 0) return [];
    const sentences = violations.map(({ invariant, what }) => `${invariant}: ${what}`);
    return [...sentences, `EZ_FAULT_SEED=${this.history.begin!.seed}, history: ${this.history.save()}`];
  }

  /** What was violated until now, which is taken for the end. */
  async violations(): Promise<Violation[]> {
    await this.observer.look();
    this.journal ??= await Journal.open(this.dsn);
    for (const event of await this.journal.news()) this.history.add(event);
    this.history.add({ type: 'end', at: now() });
    return check(this.history.events);
  }

  /** From here on, what was seen and answered before counts no more. */
  forget(): void {
    const kept = this.history.events.filter(({ type }) => ['begin', 'version', 'generation'].includes(type));
    this.history.events.splice(0, Infinity, ...kept);
    this.observer.forget();
  }

  /** Without an end of the wait there would be no history to read. */
  async settle(): Promise<void> {
    await this.load.stop();
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(20)) {
      const [head] = await this.sql<{ gen: string; version: string }>('SELECT gen, version FROM sync_head');
      const marker = await this.redis.client.hmget('config:meta', 'gen', 'version');
      if (marker[0] === head!.gen && marker[1] === head!.version) return;
    }
  }

  async close(): Promise<void> {
    await this.load.stop();
    await this.observer.stop();
    for (const server of this.servers) server.signal('SIGCONT');
    await Promise.all(this.servers.map((server) => server.end('SIGKILL')));
    for (const close of this.closing.toReversed()) await close();
  }
}

interface Database {
  dsn: string;
  machine?: PostgresMachine;
  drop(): Promise<unknown>;
}

async function ownDatabase(folder: string): Promise<Database> {
  const machine = await PostgresMachine.create(join(folder, 'postgres'));
  await machine.start();
  await machine.migrate();
  return { dsn: machine.dsn, machine, drop: () => machine.stop() };
}
