import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Socket } from 'node:net';
import pg from 'pg';
import { Config } from '../config/config.js';
import { parsePgDsn } from '../config/pg-dsn.js';
import { Session } from '../database/session.js';

/**
 * Connections to the database of the access logs: a server of its own where `EZ_LOG_PG_DSN` names one. Writing, searching and
 * statistics have separate pools, and none is the pool of the administration, so that a flood of logs or a slow search
 * stays alone with it.
 */
@Injectable()
export class LogDatabase implements OnApplicationShutdown {
  /** Takes in records and keeps the tables in order. */
  readonly writes: pg.Pool;
  /** Answers statistics. */
  readonly reads: pg.Pool;
  /** Walks indexes of the records, one page after the other. */
  readonly searches: pg.Pool;

  private readonly sockets = new Set<Socket>();

  constructor(config: Config) {
    this.writes = this.connect(config, { application_name: 'ez-api log writer', max: 6, statement_timeout: 30_000 });
    this.reads = this.connect(config, { application_name: 'ez-api log reader', max: 4, statement_timeout: 5_000 });
    this.searches = this.connect(config, {
      application_name: 'ez-api log search',
      max: 4,
      statement_timeout: 5_000,
      options: WALKING,
    });
  }

  async onApplicationShutdown(): Promise<void> {
    const ended = Promise.all([this.writes, this.reads, this.searches].map((pool) => pool.end()));
    const goodbye = setTimeout(() => this.hangUp(), GOODBYE_MS);
    await ended;
    clearTimeout(goodbye);
  }

  /** A pool ends when all that was lent is given back, and a server that hangs would keep it for long. */
  private hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private connect(config: Config, limits: Limits): pg.Pool {
    return connect(config, limits, () => {
      const socket = new Socket();
      this.sockets.add(socket);
      return socket.once('close', () => this.sockets.delete(socket));
    });
  }
}

/** What was to be written has had its time by then. */
const GOODBYE_MS = 500;

/** A page is found by walking one index; where a table is small or unknown the planner would rather read and sort all of it. */
const WALKING = '-c enable_seqscan=off -c enable_bitmapscan=off -c enable_sort=off -c jit=off';

interface Limits {
  application_name: string;
  max: number;
  statement_timeout: number;
  options?: string;
}

function connect({ log, postgres }: Config, limits: Limits, stream: () => Socket): pg.Pool {
  const server = parsePgDsn(log.pg_dsn || postgres.dsn);
  const pool = new pg.Pool({
    ...server,
    ...limits,
    Client: Session,
    stream,
    options: [server.options, limits.options].filter(Boolean).join(' '),
    connectionTimeoutMillis: 3_000,
    query_timeout: limits.statement_timeout + 1_000,
    lock_timeout: 3_000,
    keepAlive: true,
  });
  const logger = new Logger(LogDatabase.name);
  pool.on('error', (error) => logger.warn(`lost an idle connection: ${error.message}`));
  return pool;
}
