import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { versionsOf } from '../../src/contract/redis-keys.js';
import { startApp, type TestApp } from '../support/app.js';
import { aGateway, aKey, aMaster, created, tokenHash, unused } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { actualImage, desiredImage } from '../support/image.js';
import { writesDuring } from './writes.js';

/** Newer than anything that a test commits. */
const FUTURE = '999999999';
const STRAY = 'f'.repeat(64);

const repairedOnce = (kind: string, type: string) => ({
  first: [{ kind, type, found: 1, repaired: 1 }],
  second: [],
  isRight: true,
});

describe('the reconciler', () => {
  let app: TestApp;
  let token: string;
  let masterId: number;

  /** One field of each hash, by kind. */
  const FIELDS: Record<string, [hash: string, field: string]> = {};

  beforeAll(async () => {
    app = await startApp();
    const { namespace, master, key, apiKey, model, feature } = await aGateway(app);
    masterId = master.id;
    token = `auth:token:${tokenHash(key.token)}`;
    Object.assign(FIELDS, {
      namespace: ['config:namespaces', namespace],
      feature: ['meta:features', feature.name],
      provider: ['config:providers', String(apiKey.id)],
      model: ['meta:models', model.name],
      binding: ['config:bindings', `${namespace}.gpt-4o`],
      key: ['config:keys', tokenHash(key.token)],
    });
    await app.sync();
  });
  afterAll(() => app.close());

  const status = async (): Promise<Json> => (await app.admin.get('/admin/sync/status')).body;

  /** What a run found. */
  async function reconcile(): Promise<Json> {
    const { status: code, body } = await app.admin.post('/admin/sync/reconcile?wait_ms=30000');
    expect([code, body.state, body.run.error]).toEqual([200, 'finished', null]);
    return body.run.drift;
  }

  /** What one run finds, what the next one finds, and whether Redis is as it should be then. */
  const twoRuns = async () => ({
    first: await reconcile(),
    second: await reconcile(),
    isRight: isDeepStrictEqual(await actualImage(app.redis), await desiredImage(app.dsn)),
  });

  it('finds nothing, and writes nothing, where all is well', async () => {
    const written = await writesDuring(app, async () => {
      expect(await reconcile()).toEqual([]);
    });
    expect(written).toEqual([]);
    expect(await writesDuring(app, async () => void (await app.redis.set('stray', '1')))).toEqual(['set stray']);
    const { reconciler } = await status();
    expect(reconciler).toMatchObject({ running: null, last_run: { drift: [], error: null } });
    const [rows] = await app.db.query('SELECT count(*)::int AS count FROM sync_resource');
    expect(reconciler.last_run.resources).toBe(rows.count);
  });

  describe.each(['namespace', 'feature', 'provider', 'model', 'binding', 'key'])('repairs a %s', (kind) => {
    it('that is missing', async () => {
      await app.redis.hdel(...FIELDS[kind]!);
      expect(await twoRuns()).toEqual(repairedOnce(kind, 'missing'));
    });

    it('that was altered', async () => {
      const [hash, field] = FIELDS[kind]!;
      await app.redis.hset(hash, field, '{"planted":true}');
      expect(await twoRuns()).toEqual(repairedOnce(kind, 'payload'));
    });

    it('whose version was raised, together with what it says', async () => {
      const [hash, field] = FIELDS[kind]!;
      await app.redis.hset(hash, field, '{"planted":true}');
      await app.redis.hset(versionsOf(hash), field, FUTURE);
      expect(await twoRuns()).toEqual(repairedOnce(kind, 'ahead'));
      expect(await app.redis.hget(versionsOf(hash), field)).not.toBe(FUTURE);
    });

    it('whose version was lost', async () => {
      const [hash, field] = FIELDS[kind]!;
      await app.redis.hdel(versionsOf(hash), field);
      expect(await twoRuns()).toEqual(repairedOnce(kind, 'payload'));
    });

    it('that nobody knows', async () => {
      const [hash] = FIELDS[kind]!;
      await app.redis.hset(hash, STRAY, '{"planted":true}');
      await app.redis.hset(versionsOf(hash), STRAY, FUTURE);
      expect(await twoRuns()).toEqual(repairedOnce(kind, 'extra'));
      expect(await app.redis.hexists(versionsOf(hash), STRAY)).toBe(0);
    });

    it.each(['values', 'versions'])('when the hash of its %s was given another type', async (part) => {
      const [hash] = FIELDS[kind]!;
      const name = part === 'values' ? hash : versionsOf(hash);
      await app.redis.del(name);
      await app.redis.set(name, 'planted');
      expect(await twoRuns()).toEqual(repairedOnce(kind, 'payload'));
    });
  });

  describe.each([
    ['key', () => token],
    ['master', () => `auth:master:${masterId}`],
    ['models_meta', () => 'meta:models_meta'],
  ])('repairs the record of a %s', (kind, name) => {
    it('that is missing', async () => {
      await app.redis.del(name());
      expect(await twoRuns()).toEqual(repairedOnce(kind, 'missing'));
    });

    it('of which a field was altered, or added', async () => {
      const [field] = Object.keys(await app.redis.hgetall(name()));
      await app.redis.hset(name(), field!, 'planted');
      expect(await twoRuns()).toEqual(repairedOnce(kind, 'payload'));
      await app.redis.hset(name(), 'planted', 'planted');
      expect(await twoRuns()).toEqual(repairedOnce(kind, 'payload'));
    });

    it('whose version was raised', async () => {
      await app.redis.hset(name(), 'ver', FUTURE);
      expect(await twoRuns()).toEqual(repairedOnce(kind, 'ahead'));
    });

    it('that was given another type', async () => {
      await app.redis.del(name());
      await app.redis.lpush(name(), 'planted');
      expect(await twoRuns()).toEqual(repairedOnce(kind, 'payload'));
    });
  });

  it.each([
    ['key', `auth:token:${STRAY}`],
    ['master', 'auth:master:987654321'],
  ])('takes away the record of a %s that nobody knows, whatever its type', async (kind, name) => {
    await app.redis.hset(name, { status: 'active', group: 'default', ver: FUTURE, gen: '1' });
    expect(await twoRuns()).toEqual(repairedOnce(kind, 'extra'));
    await app.redis.set(name, 'planted');
    expect(await twoRuns()).toEqual(repairedOnce(kind, 'extra'));
  });

  it('takes away what was deleted and came back, and lets a revoked secret not be used', async () => {
    const master = await aMaster(app);
    const key = await aKey(app, master.id);
    await app.sync();
    const hash = tokenHash(key.token);
    const [value, record] = [await app.redis.hget('config:keys', hash), await app.redis.hgetall(`auth:token:${hash}`)];
    await app.admin.delete(`/admin/masters/${master.id}/keys/${key.id}`);
    await app.sync();
    await app.redis.hset('config:keys', hash, value!);
    await app.redis.hset(`auth:token:${hash}`, record);
    expect(await twoRuns()).toEqual(repairedOnce('key', 'extra'));
    expect(await app.redis.hget(`auth:token:${hash}`, 'status')).toBe('revoked');
    await app.admin.delete(`/admin/masters/${master.id}`);
    await app.sync();
    await app.redis.hset(`auth:master:${master.id}`, { status: 'active', ver: '1', gen: '1' });
    expect(await twoRuns()).toEqual(repairedOnce('master', 'extra'));
  });

  it('says in the change stream and on the channel what it repaired, so that balancers look', async () => {
    const listener = app.redis.duplicate();
    const heard: Json[] = [];
    await listener.subscribe('dp:config:refresh');
    listener.on('message', (_channel, text) => heard.push(JSON.parse(text)));
    const { marker } = await status();
    const [hash, field] = FIELDS.feature!;
    await app.redis.hset(hash, field, 'false');
    expect(await twoRuns()).toEqual(repairedOnce('feature', 'payload'));
    const [last] = await app.redis.xrevrange('config:changes', '+', '-', 'COUNT', 1);
    expect(last![1].slice(2)).toEqual(['kind', 'feature', 'ref', field, 'op', 'put']);
    await listener.ping();
    listener.disconnect();
    // A channel belongs to the whole server, so others may be heard as well.
    const version = `${marker.gen}.${marker.version}`;
    expect(heard).toContainEqual(expect.objectContaining({ resource: 'feature', version }));
  });

  it('counts what it found since the start, by kind and type, and logs it', async () => {
    const countOf = async (kind: string, type: string): Promise<number> =>
      (await status()).drift.find((each: Json) => each.kind === kind && each.type === type)?.found ?? 0;
    const before = await countOf('feature', 'missing');
    await app.redis.hdel(...FIELDS.feature!);
    expect(await twoRuns()).toEqual(repairedOnce('feature', 'missing'));
    expect(await countOf('feature', 'missing')).toBe(before + 1);
    expect(app.logs.join('')).toContain('Redis had drifted: 1 feature missing; not repaired: 0');
  });

  it('takes nothing for drift that is only on its way, while everything changes', async () => {
    const over = new AbortController();
    const master = await aMaster(app);
    const writers = Array.from({ length: 3 }, async () => {
      while (!over.signal.aborted) {
        const key = await aKey(app, master.id);
        await app.admin.patch(`/admin/masters/${master.id}/keys/${key.id}`, { weight: 7 });
        const { id } = await created(app, '/admin/models', { name: unused('model') });
        await app.admin.patch(`/admin/masters/${master.id}`, { group: unused('group') });
        await app.admin.delete(`/admin/models/${id}`);
        await app.admin.delete(`/admin/masters/${master.id}/keys/${key.id}`);
      }
    });
    const found: unknown[] = [];
    for (let run = 0; run < 10; run++) found.push(...(await reconcile()));
    over.abort();
    await Promise.all(writers);
    expect(found).toEqual([]);
    await app.sync();
    expect(await reconcile()).toEqual([]);
    expect(await actualImage(app.redis)).toEqual(await desiredImage(app.dsn));
  });

  it('goes on by itself when Redis is emptied under it, and calls that no drift', async () => {
    const run = app.admin.post('/admin/sync/reconcile?wait_ms=30000');
    await app.redis.flushdb();
    expect((await run).body.run).toMatchObject({ drift: [], error: null });
    await app.sync();
    expect(await actualImage(app.redis)).toEqual(await desiredImage(app.dsn));
  });
});
