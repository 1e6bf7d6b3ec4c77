import process from 'node:process';

import pg from 'pg';

export default async function dropTemplateDatabase() {
  const { parsePgDsn } = await import('../../dist/src/config/pg-dsn.js');
  const client = new pg.Client(parsePgDsn(process.env.EZ_PG_DSN));
  await client.connect();
  await client.query(`DROP DATABASE ${process.env.EZ_TEST_TEMPLATE} WITH (FORCE)`);
  await client.end();
}
