import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { Convergence } from '../../src/sync/convergence.js';
import { startApp, type TestApp } from '../support/app.js';
import { aGateway, aKey, aMaster, aProviderGroup, anApiKey, created, tokenHash, unused } from '../support/gateway.js';
import { actualImage, desiredImage, type RedisImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { claimRedisDb, type TestRedis } from '../support/redis.js';

const ORPHAN = 'f'.repeat(64);

describe('Redis is made right again by itself', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await aGateway(app);
    await app.sync();
  });
  afterAll(() => app.close());

  const marker = (): Promise<Record<string, string>> => app.redis.hgetall('config:meta');

  const wanted = (): Promise<RedisImage> => desiredImage(app.dsn);

  /** What Redis holds, once that is what it should, or else at the end of all patience. */
  async function settled(): Promise<RedisImage> {
    const image = await wanted();
    const held = (): Promise<RedisImage> => actualImage(app.redis).catch(() => ({}));
    await until(async () => isDeepStrictEqual(await held(), image)).catch(() => undefined);
    await app.sync();
    return actualImage(app.redis);
  }

  it('after it was emptied', async () => {
    await app.redis.flushdb();
    await app.sync();
    expect(await settled()).toEqual(await wanted());
  });

  it('after only the marker was lost', async () => {
    await app.redis.del('config:meta');
    expect(await settled()).toEqual(await wanted());
  });

  it.each([
    'config:meta',
    'config:keys',
    'config:changes',
    'meta:models',
    '{config:providers}:ver',
    'meta:models_meta',
  ])('after somebody gave %s another type', async (name) => {
    await app.redis.del(name);
    await app.redis.set(name, 'planted');
    await app.admin.post('/admin/namespaces', { name: unused('ns') });
    const master = await aMaster(app);
    await aKey(app, master.id);
    await anApiKey(app, (await aProviderGroup(app)).id);
    await created(app, '/admin/models', { name: unused('model') });
    expect(await settled()).toEqual(await wanted());
    expect(await app.redis.type('config:changes')).toBe('stream');
  });

  it('after a record was given another type, when it changes', async () => {
    const master = await aMaster(app);
    const key = await aKey(app, master.id);
    await app.sync();
    const name = `auth:token:${tokenHash(key.token)}`;
    await app.redis.del(name);
    await app.redis.lpush(name, 'planted');
    await app.admin.post(`/admin/masters/${master.id}/keys/${key.id}/revoke`);
    expect(await settled()).toEqual(await wanted());
  });

  it('after it went back to an earlier version, as a lagging replica does when it takes over', async () => {
    const master = await aMaster(app);
    const key = await aKey(app, master.id);
    await app.sync();
    const earlier = await dump();
    await app.admin.post(`/admin/masters/${master.id}/keys/${key.id}/revoke`);
    await app.admin.post('/admin/features', { name: unused('feature'), value: true });
    await app.sync();
    await restore(earlier);
    expect(await app.redis.hget(`auth:token:${tokenHash(key.token)}`, 'status')).toBe('active');
    expect(await settled()).toEqual(await wanted());
    expect(await app.redis.hget(`auth:token:${tokenHash(key.token)}`, 'status')).toBe('revoked');
  });

  it('after tokens were left there that nobody knows, with the next full snapshot', async () => {
    await app.redis.hset(`auth:token:${ORPHAN}`, { status: 'active', group: 'default', ver: '1', gen: '1' });
    await app.redis.hset('auth:master:999', { status: 'active' });
    await app.admin.post('/sync/snapshot?wait=applied&timeout_ms=30000');
    await until(async () => (await app.redis.exists(`auth:token:${ORPHAN}`, 'auth:master:999')) === 0);
    expect(await settled()).toEqual(await wanted());
  });

  it('in a new generation, when it holds versions that PostgreSQL lost', async () => {
    const { gen, version } = await marker();
    const lost = String(BigInt(version!) + 5n);
    // What a lost commit left: a token that is newer than anything this database knows of it.
    const { token } = await aKey(app, (await aMaster(app)).id);
    await app.sync();
    await app.redis.hset(`auth:token:${tokenHash(token)}`, { status: 'revoked', ver: lost });
    await app.redis.hset('config:meta', { version: lost });
    await until(async () => (await marker()).gen !== gen);
    expect(await settled()).toEqual(await wanted());
    expect(await marker()).toMatchObject({ gen: String(BigInt(gen!) + 1n), version: lost });
    expect(app.logs.join('')).toContain('PostgreSQL went back in time');
    const answer = await app.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', { name: unused('ns') });
    expect(answer.headers.get('ez-config-version')).toBe(`${BigInt(gen!) + 1n}.${BigInt(lost) + 1n}`);
    expect(answer.headers.get('ez-propagation')).toBe('applied');
  });

  it('in a new generation, when it holds what another database said, and somebody confirms that it may go', async () => {
    const { gen } = await marker();
    await app.redis.hset('config:meta', { source: '99999999-9999-4999-8999-999999999999', gen: '40', version: '7' });
    await app.redis.hset(`auth:token:${ORPHAN}`, { status: 'active', ver: '7', gen: '40' });
    await app.redis.hset('config:keys', ORPHAN, '{}');
    const status = async () => (await app.admin.get('/admin/sync/status')).body;
    await until(async () => (await status()).state === 'held');
    expect(await app.redis.hexists('config:keys', ORPHAN)).toBe(1);
    await app.admin.post('/admin/sync/confirm', { id: (await status()).holds[0].id });
    await until(async () => BigInt((await marker()).gen ?? '0') > BigInt(gen!) && (await marker()).gen !== '40');
    await until(async () => (await app.redis.exists(`auth:token:${ORPHAN}`)) === 0);
    expect(await settled()).toEqual(await wanted());
    expect((await marker()).gen).toBe('41');
  });

  it('in the generation of the database, when it holds an earlier one', async () => {
    const { gen } = await marker();
    await app.redis.hset('config:meta', { gen: '1' });
    await until(async () => (await marker()).gen === gen);
    expect(await settled()).toEqual(await wanted());
  });

  async function dump(): Promise<Map<string, Buffer>> {
    const image = new Map<string, Buffer>();
    for (const name of await app.redis.keys('*')) image.set(name, await app.redis.dumpBuffer(name));
    return image;
  }

  async function restore(image: Map<string, Buffer>): Promise<void> {
    const transaction = app.redis.multi().flushdb();
    for (const [name, value] of image) transaction.restore(name, 0, value);
    await transaction.exec();
  }
});

describe('a full snapshot after which nothing can be cleared away', () => {
  const user = `no-tokens-${process.pid}`;
  let server: TestRedis;
  let app: TestApp;

  beforeAll(async () => {
    server = await claimRedisDb();
    const names = ['~config:*', '~meta:*', '~auth:master:*', '~{*', '~dp:*', '~logs:*', '~usage:*'];
    await server.client.call('ACL', 'SETUSER', user, 'on', '>secret', ...names, '&*', '+@all');
    app = await startApp({ EZ_REDIS_USERNAME: user, EZ_REDIS_PASSWORD: 'secret' });
    await app.sync();
  });
  afterAll(async () => {
    await app.close();
    await server.client.call('ACL', 'DELUSER', user);
    await server.close();
  });

  it('has been made, and is not made again', async () => {
    await app.redis.hset(`auth:token:${ORPHAN}`, { status: 'active', ver: '1' });
    app.nest.get(Convergence).demand('wrong_type');
    for (let i = 0; i < 5; i++) {
      await created(app, '/admin/features', { name: unused('feature'), value: i });
      await app.sync();
    }
    const { last_snapshot, dispatcher } = (await app.admin.get('/admin/sync/status')).body;
    expect(last_snapshot).toMatchObject({ reason: 'wrong_type', error: null });
    expect(dispatcher).toMatchObject({ consecutive_failures: 0 });
    const logs = app.logs.join('');
    expect(logs.split('full snapshot: wrong_type')).toHaveLength(2);
    expect(logs).toContain('records that nothing explains are left to the reconciler');
  });
});
