import type { Config } from '../config/config.js';
import { parsePgDsn } from '../config/pg-dsn.js';
import { CONFIGURATION, LOGS, migrate } from '../database/migrate.js';

/** Brings both schemas up to date: that of the configuration, and that of the access logs, wherever it is. */
export async function migrateDatabase({ postgres, log }: Config): Promise<void> {
  const applied = [
    ...(await migrate(parsePgDsn(postgres.dsn), CONFIGURATION)),
    ...(await migrate(parsePgDsn(log.pg_dsn || postgres.dsn), LOGS)),
  ];
  for (const name of applied) process.stdout.write(`applied migration ${name}\n`);
}
