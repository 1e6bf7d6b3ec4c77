import { randomBytes } from 'node:crypto';
import process from 'node:process';

import pg from 'pg';

/** Makes the one migrated database that the end-to-end specs clone. */
export default async function createTemplateDatabase() {
  if (!process.env.EZ_PG_DSN || !process.env.EZ_REDIS_ADDR) {
    throw new Error(
      'End-to-end tests need servers: run them with bin/test <file>, or set EZ_PG_DSN and EZ_REDIS_ADDR.',
    );
  }
  // jest loads this file as it is, untransformed, so it takes what bin/test has compiled.
  const { parsePgDsn } = await import('../../dist/src/config/pg-dsn.js');
  const { migrateAll } = await import('../../dist/src/database/migrate.js');
  const server = parsePgDsn(process.env.EZ_PG_DSN);
  const template = `t_template_${randomBytes(6).toString('hex')}`;

  const client = new pg.Client(server);
  await client.connect();
  await client.query(`CREATE DATABASE ${template} TEMPLATE template0`);
  await client.end();
  await migrateAll({ ...server, database: template });
  // Workers start later and inherit it.
  process.env.EZ_TEST_TEMPLATE = template;
}
