import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { QueryRunner } from 'typeorm';
import { startApp, type TestApp } from '../support/app.js';
import { aNamespace, unused } from '../support/gateway.js';
import { until } from '../support/launcher.js';

describe('a write', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  /** Runs while somebody else has a transaction open. */
  async function besides(somebody: (other: QueryRunner) => Promise<void>): Promise<void> {
    const other = app.db.createQueryRunner();
    await other.startTransaction();
    try {
      await somebody(other);
    } finally {
      if (other.isTransactionActive) await other.rollbackTransaction();
      await other.release();
    }
  }

  const lock = (other: QueryRunner, name: string): Promise<unknown> =>
    other.query('SELECT FROM namespaces WHERE name = $1 FOR UPDATE', [name]);

  const isAnyoneWaiting = async (): Promise<boolean> => {
    const waiting = await app.db.query<unknown[]>(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return waiting.length > 0;
  };

  it('that PostgreSQL ends because of a deadlock is tried again, and succeeds', async () => {
    const names = [await aNamespace(app), await aNamespace(app)];
    const rows = await app.db.query<{ id: number }[]>(
      'SELECT id::float8 AS id FROM namespaces WHERE name = ANY ($1) ORDER BY id',
      [names],
    );
    const update = rows.map(({ id }) => ({ id, description: 'changed' }));
    const deadlocks = async () =>
      (await app.db.query('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()'))[0].deadlocks;
    const before = await deadlocks();
    await besides(async (other) => {
      await lock(other, names[1]!);
      const writing = app.admin.post('/admin/namespaces/batch', { update });
      await until(isAnyoneWaiting);
      // Who waits first looks first, so the victim is not this one.
      await lock(other, names[0]!);
      await other.commitTransaction();
      expect((await writing).status).toBe(200);
    });
    await until(async () => (await deadlocks()) !== before);
  });

  it('that can’t have the head in time is answered 503 with Retry-After, and leaves nothing', async () => {
    const name = unused('ns');
    await besides(async (other) => {
      await other.query('SELECT FROM sync_head FOR UPDATE');
      const { status, headers, body } = await app.admin.post('/admin/namespaces', { name });
      expect([status, headers.get('retry-after'), body.code]).toEqual([503, '1', 'database_unavailable']);
    });
    expect((await app.admin.get(`/admin/namespaces?search=${name}`)).body.total).toBe(0);
    expect((await app.admin.post('/admin/namespaces', { name })).status).toBe(201);
  });
});
