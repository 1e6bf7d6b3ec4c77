import type { Config } from '../config/config.js';
import { parsePgDsn } from '../config/pg-dsn.js';
import { migrate } from '../database/migrate.js';

export async function migrateDatabase(config: Config): Promise<void> {
  const applied = await migrate(parsePgDsn(config.postgres.dsn));
  for (const name of applied) process.stdout.write(`applied migration ${name}\n`);
}
