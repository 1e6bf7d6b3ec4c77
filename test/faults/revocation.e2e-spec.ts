import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, tokenHash, unused } from '../support/gateway.js';

describe('what was taken away', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const statusOf = (token: string): Promise<string | null> =>
    app.redis.hget(`auth:token:${tokenHash(token)}`, 'status');

  it('is every token of a deleted master, however many there are', async () => {
    const master = await aMaster(app);
    const create = Array.from({ length: 1000 }, () => ({ name: unused('key') }));
    const batch = await app.admin.post(`/admin/masters/${master.id}/keys/batch?wait=applied&timeout_ms=30000`, {
      create,
    });
    const tokens = batch.body.created.map(({ token }: { token: string }) => token) as string[];
    expect(await statusOf(tokens[999]!)).toBe('active');
    const { status, headers } = await app.admin.delete(`/admin/masters/${master.id}?wait=applied&timeout_ms=30000`);
    expect([status, headers.get('ez-propagation')]).toEqual([204, 'applied']);
    const statuses = await Promise.all(tokens.map(statusOf));
    expect(new Set(statuses)).toEqual(new Set(['revoked']));
    expect(await app.redis.hmget('config:keys', ...tokens.map(tokenHash))).toEqual(tokens.map(() => null));
    expect(await app.redis.exists(`auth:master:${master.id}`)).toBe(0);
  });

  it('is what the last of two concurrent writers says, in PostgreSQL and in Redis', async () => {
    const master = await aMaster(app);
    const key = await aKey(app, master.id);
    const path = `/admin/masters/${master.id}/keys/${key.id}`;
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        app.admin.patch(path, { status: i % 2 ? 'active' : 'suspended', weight: i + 1 }),
      ),
    );
    await app.sync();
    const row = (await app.admin.get(path)).body;
    const held = JSON.parse((await app.redis.hget('config:keys', tokenHash(key.token)))!);
    expect([held.status, held.weight]).toEqual([row.status, row.weight]);
  });
});
