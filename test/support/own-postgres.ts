import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { preparePostgres } from '../../bin/lib/postgres.mjs';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { migrateAll } from '../../src/database/migrate.js';

/** Nothing but a commit that asks for it may flush the log: what it has not asked for is in memory, and gone after a crash. */
const QUIET = ['autovacuum = off', 'bgwriter_lru_maxpages = 0', `checkpoint_timeout = '1d'`];

interface Running {
  exited: Promise<number>;
  stop(): Promise<number>;
}

/** A migrated PostgreSQL of a spec's own, with durable settings, that can be crashed. */
export class OwnPostgres {
  private walWriter = 0;

  private constructor(
    private readonly folder: string,
    readonly dsn: string,
    private readonly start: () => Promise<Running>,
    private running: Running,
  ) {}

  static async open(): Promise<OwnPostgres> {
    const folder = mkdtempSync(join(tmpdir(), 'ez-api-crash-'));
    const server = await preparePostgres({ folder: join(folder, 'postgres'), throwaway: false });
    const dsn = server.env.EZ_PG_DSN!;
    const own = new OwnPostgres(folder, dsn, server.start, await server.start());
    await own.query(QUIET.map((setting) => `ALTER SYSTEM SET ${setting}`));
    await own.query(['SELECT pg_reload_conf()']);
    await migrateAll(parsePgDsn(dsn));
    await own.keepLogInMemory();
    return own;
  }

  /** Statements on a connection of their own, one after another. @returns the rows of the last */
  async query<R>(statements: string[]): Promise<R[]> {
    const client = new pg.Client(parsePgDsn(this.dsn));
    await client.connect();
    client.on('error', () => undefined);
    try {
      let rows: R[] = [];
      for (const statement of statements) rows = (await client.query(statement)).rows as R[];
      return rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Kills all its processes at once, and starts it again on what is on the disk. */
  async crash(): Promise<void> {
    const others = await this.query<{ pid: number }>(['SELECT pid FROM pg_stat_activity']);
    for (const pid of [this.postmaster, ...others.map((other) => other.pid)]) kill(pid, 'SIGKILL');
    await this.running.exited;
    rmSync(this.pidFile);
    this.running = await this.start();
    await this.keepLogInMemory();
  }

  async close(): Promise<void> {
    kill(this.walWriter, 'SIGCONT');
    await this.running.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get pidFile(): string {
    return join(this.folder, 'postgres/cluster/postmaster.pid');
  }

  private get postmaster(): number {
    return Number.parseInt(readFileSync(this.pidFile, 'utf8'), 10);
  }

  /** The one process that flushes unasked is stopped, for good. */
  private async keepLogInMemory(): Promise<void> {
    const [found] = await this.query<{ pid: number }>([
      `SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'`,
    ]);
    this.walWriter = found!.pid;
    kill(this.walWriter, 'SIGSTOP');
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
