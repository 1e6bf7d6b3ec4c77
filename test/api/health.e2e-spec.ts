import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { until } from '../support/launcher.js';

const WELL = { status: 'ok', postgres: 'up', schema: 'expected', redis: 'up', logs: 'up', undecryptable_secrets: 0 };

describe('health', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await app.sync();
  });
  afterAll(() => app.close());

  it.each([
    ['/health', WELL],
    ['/health/ready', WELL],
    ['/health/live', { status: 'ok' }],
    ['/api/status/test', { status: 'ok' }],
  ])('is asked for at %s without a credential, and answered afresh', async (path, expected) => {
    const { status, headers, body } = await app.anyone.get(path);
    expect([status, headers.get('cache-control'), body]).toEqual([200, 'no-store', expected]);
  });

  it.each([
    ['has not been migrated', 'older', 'ALTER TABLE migrations RENAME TO migrations_away'],
    ['lacks a migration', 'older', 'DELETE FROM migrations'],
    [
      'has one too many',
      'newer',
      `INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'Later9999999999999')`,
    ],
  ])('is not ready while the database %s', async (_what, schema, change) => {
    const undo = await spoil(change);
    const down = { ...WELL, status: 'down', schema, undecryptable_secrets: null };
    await until(async () => (await app.anyone.get('/health/ready')).status === 503);
    const ready = await app.anyone.get('/health/ready');
    expect([ready.status, ready.body]).toEqual([503, down]);
    expect(await app.anyone.get('/health')).toMatchObject({ status: 200, body: down });
    expect((await app.anyone.get('/health/live')).status).toBe(200);
    await undo();
    await until(async () => (await app.anyone.get('/health/ready')).status === 200);
  });

  it('is looked at once for all who ask at a time', async () => {
    const crowded = await startApp();
    const holder = crowded.db.createQueryRunner();
    await holder.startTransaction();
    const [{ name }] = await holder.query('SELECT current_database() AS name');
    await holder.query('SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE migrations');
    const asked = Promise.all(Array.from({ length: 20 }, () => crowded.anyone.get('/health/ready')));
    const waiting: number[] = [];
    const look = async () => {
      const found = await app.db.query<object[]>(
        `SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock' AND query LIKE '%migrations%'`,
        [name],
      );
      waiting.push(found.length);
    };
    await until(async () => {
      await look();
      return waiting.some((count) => count > 0);
    });
    const statuses = (await asked).map(({ status }) => status);
    await look();
    expect(Math.max(...waiting)).toBe(1);
    expect(new Set(statuses)).toEqual(new Set([503]));
    await holder.rollbackTransaction();
    await holder.release();
    await crowded.close();
  });

  /** @returns what makes it undone */
  async function spoil(change: string): Promise<() => Promise<unknown>> {
    const kept = await app.db.query('SELECT timestamp, name FROM migrations ORDER BY id');
    await app.db.query(change);
    return async () => {
      await app.db.query('ALTER TABLE IF EXISTS migrations_away RENAME TO migrations');
      await app.db.query('DELETE FROM migrations');
      for (const { timestamp, name } of kept) {
        await app.db.query('INSERT INTO migrations (timestamp, name) VALUES ($1, $2)', [timestamp, name]);
      }
    };
  }
});
