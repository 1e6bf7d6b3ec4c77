import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { startApp, type TestApp } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { aKey, aMaster, created, unused } from '../support/gateway.js';
import { actualImage, desiredImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { held, statusOf, untilEqual, untilHeld } from './holds.js';

describe('a second deployment at the same Redis', () => {
  let rightful: TestApp;
  let second: TestApp;

  beforeAll(async () => {
    rightful = await startApp();
    await aMaster(rightful);
    await created(rightful, '/admin/features', { name: unused('feature'), value: 1 });
    await rightful.sync();
    second = await startApp({ EZ_REDIS_DB: String(rightful.redis.options.db) });
  });
  afterAll(async () => {
    await second.close();
    await rightful.close();
  });

  it('does no damage, and says what is wrong', async () => {
    const before = await rightful.redis.hgetall('config:meta');
    const hold = await untilHeld(second, 'takeover');
    expect(hold).toMatchObject({ source: before.source, losses: [{ kind: 'feature', from: 1, to: 0 }] });
    expect((await statusOf(second)).reasons[0]).toContain('Redis holds the configuration of another database');
    expect(second.logs.join('')).toContain('Redis holds the configuration of another database');
    expect(await held(second, 'takeover')).toBe(1);
    const answer = await second.admin.post('/admin/namespaces?wait=applied&timeout_ms=300', { name: unused('ns') });
    expect([answer.status, answer.headers.get('ez-propagation')]).toEqual([201, 'pending']);
    expect((await second.admin.post('/admin/sync/reconcile')).body.run.error).toContain('refused');
    await untilEqual(rightful);
    expect(await rightful.redis.hgetall('config:meta')).toMatchObject({ gen: before.gen, source: before.source });
  });

  it('takes nothing of what balancers have written for the other one', async () => {
    await untilHeld(second, 'takeover');
    const key = await aKey(rightful, (await aMaster(rightful)).id);
    for (let n = 0; n < 40; n++) {
      const batch = { node: 'node', batch_id: `b${n}`, entries: [{ key_id: key.id, requests: 1 }] };
      await rightful.redis.xadd('usage:ingest', '*', 'batch', JSON.stringify(batch));
    }
    await until(async () => (await rightful.redis.xlen('usage:ingest')) === 0);
    expect((await rightful.admin.get(`/admin/keys/${key.id}`)).body.request_count).toBe(40);
  });

  it('leaves the other one as it is', async () => {
    const answer = await rightful.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', { name: unused('ns') });
    expect(answer.headers.get('ez-propagation')).toBe('applied');
    expect(await statusOf(rightful)).toMatchObject({ state: 'ok', holds: [] });
  });

  it('leaves an emptied Redis to the one that had it', async () => {
    const { source } = await rightful.redis.hgetall('config:meta');
    await rightful.redis.flushdb();
    await rightful.sync();
    await untilEqual(rightful);
    expect(await rightful.redis.hget('config:meta', 'source')).toBe(source);
  });

  it('asks again if more would go by then than was shown', async () => {
    const { id, source } = await untilHeld(second, 'takeover');
    await created(rightful, '/admin/features', { name: unused('feature'), value: 2 });
    await rightful.sync();
    await second.admin.post('/admin/sync/confirm', { id });
    await until(async () => (await untilHeld(second, 'takeover')).id !== id);
    const losses: unknown = expect.arrayContaining([{ kind: 'feature', from: 2, to: 0 }]);
    expect(await untilHeld(second, 'takeover')).toMatchObject({ source, losses, confirmed_at: null });
    await untilEqual(rightful);
    expect(await rightful.redis.hget('config:meta', 'source')).toBe(source);
  });

  it('takes over once somebody confirms that, and then the first one waits', async () => {
    const { id } = await untilHeld(second, 'takeover');
    await second.admin.post('/admin/sync/confirm', { id });
    await until(async () => (await statusOf(second)).state === 'ok');
    await until(async () => isDeepStrictEqual(await actualImage(rightful.redis), await desiredImage(second.dsn)));
    expect(await untilHeld(rightful, 'takeover')).toMatchObject({
      source: await rightful.redis.hget('config:meta', 'source'),
    });
  });
});

describe('a copy of the database', () => {
  let original: TestApp;
  let database: TestDatabase;
  let copy: TestApp;

  beforeAll(async () => {
    original = await startApp();
    await aMaster(original);
    await original.sync();
    database = await createTestDatabase();
    const [head] = await original.db.query('SELECT * FROM sync_head');
    const client = new pg.Client(database.dsn);
    await client.connect();
    await client.query(
      'UPDATE sync_head SET gen = $1, version = $2, fence = $3, source = $4, timeline = $5, place = $6',
      [head.gen, head.version, head.fence, head.source, head.timeline, head.place],
    );
    await client.end();
    copy = await startApp({ EZ_REDIS_DB: String(original.redis.options.db) }, () => database.dsn);
  });
  afterAll(async () => {
    await copy.close();
    await original.close();
    await database.drop();
  });

  it('is another database, and waits as any other would', async () => {
    const source = await original.redis.hget('config:meta', 'source');
    expect(await untilHeld(copy, 'takeover')).toMatchObject({ source });
    expect((await statusOf(copy)).head.source).not.toBe(source);
    expect(copy.logs.join('')).toContain('This database is a copy');
    await aMaster(original);
    await untilEqual(original);
    expect(await original.redis.hget('config:meta', 'source')).toBe(source);
  });
});
