import { callbackify } from 'node:util';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Config } from '../config/config.js';
import { parsePgDsn } from '../config/pg-dsn.js';
import { Session } from '../database/session.js';
import { recognise } from './lineage.js';

/** Runs one statement. `R` is the type of a row. */
export interface Sql {
  query<R>(statement: string, parameters?: unknown[]): Promise<R[]>;
}

/** Some hundred resources at a time, found by their keys: the planner would rather read whole tables for each page. */
const PLANNING = '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off';

/** The dispatcher's own connections: requests can't starve it, nor it them. */
@Injectable()
export class SyncDatabase implements Sql, OnApplicationShutdown {
  readonly pool: pg.Pool;

  constructor({ postgres, sync_outbox }: Config) {
    const server = parsePgDsn(postgres.dsn);
    this.pool = new pg.Pool({
      ...server,
      Client: Session,
      verify: callbackify(recognise),
      options: [server.options, PLANNING].filter(Boolean).join(' '),
      application_name: 'ez-api sync',
      max: sync_outbox.pg_pool_size,
      connectionTimeoutMillis: 3_000,
      query_timeout: 6_000,
      statement_timeout: 5_000,
      keepAlive: true,
      types,
    });
    const logger = new Logger(SyncDatabase.name);
    this.pool.on('error', (error) => logger.warn(`lost an idle connection: ${error.message}`));
  }

  async query<R>(statement: string, parameters?: unknown[]): Promise<R[]> {
    return (await this.pool.query(statement, parameters)).rows as R[];
  }

  /** Everything `read` sees is one moment of the database. */
  async atOneMoment<T>(read: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const sql = {
        query: async <R>(text: string, values?: unknown[]) => (await client.query(text, values)).rows as R[],
      };
      const result = await read(sql);
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }
}

/** Ids, counters and money fit a number exactly. Versions may not, so statements cast them to text. */
const AS_NUMBERS: readonly number[] = [pg.types.builtins.INT8, pg.types.builtins.NUMERIC];

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (AS_NUMBERS.includes(oid) ? Number : pg.types.getTypeParser(oid, format)) as never,
};
