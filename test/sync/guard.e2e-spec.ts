import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { INTERNAL_TOKEN, startApp, type TestApp } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { aKey, aMaster, created, tokenHash, unused, type KeyBody } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { actualImage, desiredImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { metricsIn, sum } from '../support/prometheus.js';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const KEYS = 150;

const statusOf = async (app: TestApp): Promise<Json> => (await app.admin.get('/admin/sync/status')).body;

async function untilHeld(app: TestApp, cause: string): Promise<Json> {
  let hold: Json;
  await until(
    async () => (hold = (await statusOf(app)).holds.find((each: Json) => each.cause === cause)) !== undefined,
  );
  return hold;
}

const untilEqual = (app: TestApp): Promise<void> =>
  until(async () => isDeepStrictEqual(await actualImage(app.redis), await desiredImage(app.dsn)));

const statusIn = (app: TestApp, { token }: KeyBody) => app.redis.hget(`auth:token:${tokenHash(token)}`, 'status');

const held = async (app: TestApp, cause: string): Promise<number> =>
  sum(metricsIn((await app.anyone.as(INTERNAL_TOKEN).get('/internal/metrics')).body).samples, 'ez_sync_held', {
    cause,
  });

describe('what would take away most of a kind', () => {
  let app: TestApp;
  let master: { id: number };
  let keys: KeyBody[];

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    master = await aMaster(app);
    const create = Array.from({ length: KEYS }, () => ({ name: unused('key') }));
    keys = (await app.admin.post(`/admin/masters/${master.id}/keys/batch`, { create })).body.created;
    await app.sync();
  });
  afterEach(async () => {
    await app.admin.delete(`/admin/masters/${master.id}`);
    await app.db.query(`DELETE FROM sync_resource WHERE kind = 'key'`);
    await app.redis.flushdb();
    await app.sync();
    await untilEqual(app);
  });

  /** By hand, or by a restore that has only begun: nothing says that this was meant. */
  const loseRows = (n: number) =>
    app.db.query(`DELETE FROM key_secrets WHERE token_hash = ANY ($1)`, [
      keys.slice(0, n).map(({ token }) => tokenHash(token)),
    ]);

  const revoke = ({ id }: KeyBody) => app.admin.post(`/admin/masters/${master.id}/keys/${id}/revoke?wait=applied`);

  it('is not swapped in by a full snapshot until somebody confirms just that', async () => {
    await loseRows(120);
    const { body } = await app.admin.post('/sync/snapshot');
    const hold = await untilHeld(app, 'snapshot');
    expect(hold).toMatchObject({ losses: [{ kind: 'key', from: 150, to: 30 }], confirmed_at: null, source: null });
    const { state, reasons, last_snapshot } = await statusOf(app);
    expect([state, last_snapshot.error]).toEqual(['held', 'It waits to be confirmed']);
    expect(reasons[0]).toBe(
      `A full snapshot would take away too much to do it unasked: 150 -> 30 of kind key. ` +
        `If that is meant: POST /admin/sync/confirm {"id":"${hold.id}"}`,
    );
    expect(await held(app, 'snapshot')).toBe(1);
    expect(await app.redis.hlen('config:keys')).toBe(KEYS);
    expect(await statusIn(app, keys[0]!)).toBe('active');
    expect((await app.admin.post('/admin/sync/confirm', { id: NOBODY })).status).toBe(404);
    expect(await app.admin.post('/admin/sync/confirm', { id: hold.id })).toMatchObject({
      status: 202,
      body: { id: hold.id },
    });
    await until(async () => (await app.redis.hget('config:meta', 'snapshot')) === body.id);
    expect(await app.redis.hlen('config:keys')).toBe(30);
    await app.admin.post('/admin/sync/reconcile');
    await untilEqual(app);
    await until(async () => (await statusOf(app)).state === 'ok');
    expect(await held(app, 'snapshot')).toBe(0);
    const [line] = (await app.admin.get('/admin/operation-logs?page_size=1')).body.data;
    expect(line).toMatchObject({ action: 'confirm', resource: 'sync hold', actor_type: 'admin' });
  });

  it('holds up neither changes nor revocations meanwhile', async () => {
    await loseRows(120);
    await app.admin.post('/sync/snapshot');
    await untilHeld(app, 'snapshot');
    const key = await aKey(app, master.id);
    await app.sync();
    expect(await statusIn(app, key)).toBe('active');
    expect((await revoke(keys[140]!)).headers.get('ez-propagation')).toBe('applied');
    expect(await statusIn(app, keys[140]!)).toBe('revoked');
  });

  it('holds up no revocation either where Redis has lost its marker', async () => {
    await loseRows(120);
    await app.redis.del('config:meta');
    await untilHeld(app, 'snapshot');
    const answer = await app.admin.post(`/admin/masters/${master.id}/keys/${keys[141]!.id}/revoke`);
    expect(answer.status).toBe(200);
    await until(async () => (await statusIn(app, keys[141]!)) === 'revoked');
    expect(await app.redis.exists('config:meta')).toBe(0);
    expect(await statusIn(app, keys[0]!)).toBe('active');
  });

  it('waits no longer once what was lost is back', async () => {
    await app.db.query('CREATE TABLE aside AS SELECT * FROM key_secrets');
    await loseRows(KEYS);
    await app.redis.del('config:meta');
    await untilHeld(app, 'snapshot');
    await app.db.query('INSERT INTO key_secrets OVERRIDING SYSTEM VALUE SELECT * FROM aside ON CONFLICT DO NOTHING');
    await app.db.query('DROP TABLE aside');
    await app.redis.flushdb();
    await until(async () => (await statusOf(app)).state === 'ok');
    await untilEqual(app);
    expect(await app.redis.hlen('config:keys')).toBe(KEYS);
  });

  it('is not done by the reconciler either, until somebody confirms it', async () => {
    await loseRows(120);
    await app.redis.hset('config:keys', tokenHash(keys[149]!.token), '{}');
    const { body } = await app.admin.post('/admin/sync/reconcile');
    expect(body.run.error).toBe('it would take away too much to do it unasked');
    expect(body.run.drift).toEqual(
      expect.arrayContaining([
        { kind: 'key', type: 'extra', found: 120, repaired: 0 },
        { kind: 'key', type: 'payload', found: 1, repaired: 1 },
      ]),
    );
    expect(await app.redis.hlen('config:keys')).toBe(KEYS);
    expect(await statusIn(app, keys[0]!)).toBe('active');
    const hold = await untilHeld(app, 'reconcile');
    expect(hold.losses).toEqual([{ kind: 'key', from: 150, to: 30 }]);
    await app.admin.post('/admin/sync/confirm', { id: hold.id });
    await untilEqual(app);
    await until(async () => (await statusOf(app)).state === 'ok');
  });

  it('needs nobody to confirm it when it was done through the API', async () => {
    await app.admin.delete(`/admin/masters/${master.id}`);
    await app.sync();
    expect(await app.redis.hlen('config:keys')).toBe(0);
    expect(await statusIn(app, keys[0]!)).toBe('revoked');
    expect(await statusOf(app)).toMatchObject({ state: 'ok', holds: [] });
  });
});

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
