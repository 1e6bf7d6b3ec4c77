import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mastersOf } from '../../src/redis/masters.js';
import { startApp, type TestApp } from '../support/app.js';
import { aGateway, aMaster, created, tokenHash, unused } from '../support/gateway.js';
import { actualImage, desiredImage, type RedisImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { TOPOLOGIES } from '../support/topology.js';

const ORPHAN = 'f'.repeat(64);

describe.each(Object.entries(TOPOLOGIES))('with a Redis that is %s', (_mode, open) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({}, undefined, open);
  }, 60_000);
  afterAll(() => app.close());

  const statusOf = (token: string): Promise<string | null> =>
    app.redis.hget(`auth:token:${tokenHash(token)}`, 'status');

  async function held(): Promise<RedisImage> {
    await app.sync();
    return actualImage(app.redis);
  }
  const wanted = (): Promise<RedisImage> => desiredImage(app.dsn);

  it('every kind of resource arrives, changes and goes', async () => {
    const { master } = await aGateway(app);
    expect(await held()).toEqual(await wanted());
    await app.admin.patch(`/admin/masters/${master.id}`, { global_qps: 7 });
    expect(await held()).toEqual(await wanted());
    await app.admin.delete(`/admin/masters/${master.id}`);
    expect(await held()).toEqual(await wanted());
    expect(await app.redis.exists(`auth:master:${master.id}`)).toBe(0);
  });

  it('a revocation is answered as applied only when it is', async () => {
    const { master, key } = await aGateway(app);
    await app.sync();
    const path = `/admin/masters/${master.id}/keys/${key.id}/revoke?wait=applied&timeout_ms=30000`;
    expect((await app.admin.post(path)).headers.get('ez-propagation')).toBe('applied');
    expect(await statusOf(key.token)).toBe('revoked');
    expect(await app.redis.hexists('config:keys', tokenHash(key.token))).toBe(0);
  });

  it('readers are told what has changed, in the stream and by a hint', async () => {
    const listener = app.redis.duplicate();
    await once(listener, 'ready');
    const heard: { resource: string; version: string }[] = [];
    await listener.subscribe('dp:config:refresh');
    listener.on('message', (_channel, text) => heard.push(JSON.parse(text)));
    const name = unused('feature');
    await created(app, '/admin/features', { name, value: 1 });
    await app.sync();
    await until(() => Promise.resolve(heard.some(({ resource }) => resource === 'feature')));
    listener.disconnect();
    const entries = await app.redis.xrange('config:changes', '-', '+');
    expect(entries.map(([, fields]) => fields.join(' '))).toContainEqual(
      expect.stringMatching(`feature ref ${name} op put`),
    );
  });

  it('a full snapshot replaces everything, and removes what nobody knows', async () => {
    await aGateway(app);
    await app.sync();
    await app.redis.hset(`auth:token:${ORPHAN}`, { status: 'active', group: 'default', ver: '1', gen: '1' });
    await app.redis.hset('config:providers', '999999', '{}');
    const answer = await app.admin.post('/sync/snapshot?wait=applied&timeout_ms=30000');
    expect(answer.body.state).toBe('applied');
    await until(async () => (await app.redis.exists(`auth:token:${ORPHAN}`)) === 0);
    expect(await held()).toEqual(await wanted());
  });

  it('the reconciler finds and repairs what somebody else has changed', async () => {
    const { master, key } = await aGateway(app);
    await app.sync();
    await app.redis.hset(`auth:token:${tokenHash(key.token)}`, { status: 'suspended' });
    await app.redis.hset('config:keys', tokenHash(key.token), '{}');
    await app.redis.del(`auth:master:${master.id}`);
    await app.redis.hset('meta:features', 'stray', '1');
    const { body } = await app.admin.post('/admin/sync/reconcile', { wait_ms: 30_000 });
    expect(body.run.error).toBeNull();
    const found = (body.run.drift as { kind: string; type: string; repaired: number }[]).map(
      ({ kind, type, repaired }) => `${kind} ${type} ${repaired}`,
    );
    expect(found.toSorted()).toEqual(['feature extra 1', 'key payload 1', 'master missing 1']);
    expect(await held()).toEqual(await wanted());
  });

  it('the loss of everything is noticed and made good', async () => {
    await aGateway(app);
    await app.sync();
    await flushAll(app);
    expect(await held()).toEqual(await wanted());
  });

  it.each(['config:meta', 'config:keys', 'meta:models', 'config:changes'])(
    'the loss of %s alone is made good by the next comparison at the latest',
    async (key) => {
      await app.redis.del(key);
      await app.admin.post('/admin/sync/reconcile', { wait_ms: 30_000 });
      expect(await held()).toEqual(await wanted());
    },
  );

  it('secrets that were taken away stay away while snapshots are written again and again', async () => {
    const master = await aMaster(app);
    const batch = await app.admin.post(`/admin/masters/${master.id}/keys/batch`, {
      create: Array.from({ length: 40 }, () => ({ name: unused('key') })),
    });
    const keys = batch.body.created as { id: number; token: string }[];
    await app.sync();
    const over = new AbortController();
    const denied = new Set<string>();
    const revived: string[] = [];
    const reading = (async () => {
      while (!over.signal.aborted) {
        for (const { token } of keys) {
          const status = await statusOf(token);
          if (status !== 'active') denied.add(token);
          else if (denied.has(token)) revived.push(token);
        }
      }
    })();
    const snapshots = (async () => {
      while (!over.signal.aborted) await app.admin.post('/sync/snapshot?wait=applied&timeout_ms=1000');
    })();
    for (const { id } of keys) {
      const path = `/admin/masters/${master.id}/keys/${id}/revoke?wait=applied&timeout_ms=30000`;
      expect((await app.admin.post(path)).headers.get('ez-propagation')).toBe('applied');
    }
    over.abort();
    await Promise.all([reading, snapshots]);
    expect(revived).toEqual([]);
    expect(await held()).toEqual(await wanted());
  }, 120_000);
});

const flushAll = ({ redis }: TestApp): Promise<unknown> =>
  Promise.all(mastersOf(redis).map((master) => master.flushdb()));
