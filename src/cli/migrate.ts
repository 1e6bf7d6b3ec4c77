import type { Config } from '../config/config.js';
import { parsePgDsn } from '../config/pg-dsn.js';
import { migrateAll } from '../database/migrate.js';

/** Brings the schema of the configuration up to date, and that of the access logs, wherever it is. */
export async function migrateDatabase({ postgres, log }: Config): Promise<void> {
  const applied = await migrateAll(parsePgDsn(postgres.dsn), parsePgDsn(log.pg_dsn || postgres.dsn));
  for (const name of applied) process.stdout.write(`applied migration ${name}\n`);
}
