import type { DataSourceOptions } from 'typeorm';
import type { Config } from './config/config.js';
import { parsePgDsn } from './config/pg-dsn.js';
import { Session } from './database/session.js';
import { entities } from './entities.js';

/** Nothing waits unboundedly: not for a connection, a statement, a lock, or a server that went silent. */
const SESSION_LIMITS = '-c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=10000';

/** The pool that answers requests. Dispatching has its own, so that neither can starve the other. */
export function dataSourceOptions({ postgres }: Config): DataSourceOptions {
  const server = parsePgDsn(postgres.dsn);
  return {
    type: 'postgres',
    entities,
    poolSize: postgres.pool_size,
    installExtensions: false,
    extra: {
      Client: Session,
      application_name: 'ez-api',
      connectionTimeoutMillis: 3_000,
      query_timeout: 8_000,
      keepAlive: true,
      ...server,
      options: [server.options, SESSION_LIMITS].filter(Boolean).join(' '),
    },
  };
}
