import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Config } from '../config/config.js';
import { parsePgDsn } from '../config/pg-dsn.js';
import { Session } from '../database/session.js';

/**
 * Connections to the database of the access logs: a server of its own where `EZ_LOG_PG_DSN` names one. Writing and reading have
 * separate pools, and neither is the pool of the administration, so that a flood of logs or a slow search stays alone with it.
 */
@Injectable()
export class LogDatabase implements OnApplicationShutdown {
  /** Takes in records and keeps the tables in order. */
  readonly writes: pg.Pool;
  /** Answers searches and statistics. */
  readonly reads: pg.Pool;

  constructor(config: Config) {
    this.writes = connect(config, { application_name: 'ez-api log writer', max: 4, statement_timeout: 30_000 });
    this.reads = connect(config, { application_name: 'ez-api log reader', max: 4, statement_timeout: 5_000 });
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.writes.end(), this.reads.end()]);
  }
}

interface Limits {
  application_name: string;
  max: number;
  statement_timeout: number;
}

function connect({ log, postgres }: Config, limits: Limits): pg.Pool {
  const pool = new pg.Pool({
    ...parsePgDsn(log.pg_dsn || postgres.dsn),
    ...limits,
    Client: Session,
    connectionTimeoutMillis: 3_000,
    query_timeout: limits.statement_timeout + 1_000,
    lock_timeout: 3_000,
    keepAlive: true,
  });
  const logger = new Logger(LogDatabase.name);
  pool.on('error', (error) => logger.warn(`lost an idle connection: ${error.message}`));
  return pool;
}
