import { randomBytes } from 'node:crypto';

import pg from 'pg';

import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { requiredEnvironment } from './environment.js';

export interface TestDatabase {
  dsn: string;
  drop(): Promise<void>;
}

/** A migrated, empty database of the caller's own. Copied as files, which takes half the time of copying through the log. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  await asAdministrator(
    `CREATE DATABASE ${name} TEMPLATE ${requiredEnvironment('EZ_TEST_TEMPLATE')} STRATEGY file_copy`,
  );
  return {
    dsn: withDatabase(requiredEnvironment('EZ_PG_DSN'), name),
    drop: () => asAdministrator(`DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/** The same server, in whichever of the two DSN forms. */
function withDatabase(dsn: string, name: string): string {
  if (!URL.canParse(dsn)) return `${dsn} dbname=${name}`;
  const url = new URL(dsn);
  url.pathname = `/${name}`;
  return url.href;
}

async function asAdministrator(sql: string): Promise<void> {
  const client = new pg.Client(parsePgDsn(requiredEnvironment('EZ_PG_DSN')));
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
