import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, tokenHash, unused, type KeyBody } from '../support/gateway.js';
import { until } from '../support/launcher.js';
import { held, statusOf, untilEqual, untilHeld } from './holds.js';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const KEYS = 150;

const statusIn = (app: TestApp, { token }: KeyBody) => app.redis.hget(`auth:token:${tokenHash(token)}`, 'status');

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
