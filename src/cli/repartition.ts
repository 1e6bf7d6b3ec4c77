import pg from 'pg';
import type { Config } from '../config/config.js';
import { parsePgDsn } from '../config/pg-dsn.js';
import { repartition } from '../log-database/repartition.js';

/** Gives the access logs the partitioning that is set. */
export async function repartitionLogs({ postgres, log }: Config): Promise<void> {
  const client = new pg.Client({
    ...parsePgDsn(log.pg_dsn || postgres.dsn),
    application_name: 'ez-api logs repartition',
  });
  await client.connect();
  try {
    for (const line of await repartition(client, log.partitioning)) process.stdout.write(`${line}\n`);
  } finally {
    await client.end();
  }
}
