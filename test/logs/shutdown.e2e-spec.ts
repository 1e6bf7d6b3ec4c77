import { expect, it } from '@jest/globals';
import { LogDatabase } from '../../src/log-database/log-database.js';
import { startApp } from '../support/app.js';
import { until } from '../support/launcher.js';

it('A server that stops hangs up on a log database that does not answer', async () => {
  const app = await startApp();
  const outcome = app.nest
    .get(LogDatabase)
    .writes.query('SELECT pg_sleep(3600)')
    .catch((error: Error) => error.message);
  await until(async () => {
    const rows = await app.db.query(`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600)'`);
    return (rows as unknown[]).length > 0;
  });
  await app.close();
  // Not that it took too long, which it would say much later.
  expect(await outcome).toMatch(/^Connection terminated/);
}, 60_000);
