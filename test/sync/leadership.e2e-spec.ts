import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Increment } from '../../src/sync/increment.js';
import { RedisStore } from '../../src/sync/redis-store.js';
import type { TestApp } from '../support/app.js';
import { aKey, aMaster, tokenHash, unused } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { actualImage, desiredImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { startReplicas } from '../support/replicas.js';

describe('two replicas', () => {
  let first: TestApp;
  let second: TestApp;

  beforeAll(async () => {
    [first, second] = await startReplicas();
  });
  afterAll(async () => {
    await second.close();
    await first.close();
  });

  const dispatcher = async (app: TestApp): Promise<Json> => (await app.admin.get('/admin/sync/status')).body.dispatcher;

  it('have one that dispatches, and both know how far Redis is', async () => {
    expect([(await dispatcher(first)).leader, (await dispatcher(second)).leader]).toEqual([true, false]);
    for (const app of [first, second]) {
      const answer = await app.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', { name: unused('ns') });
      expect(answer.headers.get('ez-propagation')).toBe('applied');
      expect((await app.admin.get('/admin/sync/status')).body).toMatchObject({ state: 'ok' });
    }
  });

  it('lose nothing when the session that holds the lock dies, and begin a later term', async () => {
    const { fence } = await dispatcher(first);
    await first.db.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'ez-api dispatcher' AND datname = current_database()
          AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)`,
    );
    const { token } = await aKey(second, (await aMaster(second)).id);
    await until(async () => (await first.redis.exists(`auth:token:${tokenHash(token)}`)) === 1);
    const terms = [await dispatcher(first), await dispatcher(second)];
    expect(terms.filter(({ leader }) => leader).length).toBe(1);
    expect(BigInt((await first.redis.hget('config:meta', 'fence'))!)).toBeGreaterThan(BigInt(fence));
  });

  it('go on when the term in Redis is later than any of theirs, as after a restore of PostgreSQL', async () => {
    await first.redis.hset('config:meta', { fence: '1000' });
    const answer = await first.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', { name: unused('ns') });
    expect(answer.headers.get('ez-propagation')).toBe('applied');
    expect(await first.redis.hget('config:meta', 'fence')).toBe('1001');
  });

  it('may both believe to lead, without harm', async () => {
    const zombie = { increment: second.nest.get(Increment), store: second.nest.get(RedisStore) };
    const over = new AbortController();
    const haunting = (async () => {
      while (!over.signal.aborted) {
        const found = await zombie.store.readMarker();
        await zombie.increment.run(found, found.marker!.fence).catch(() => undefined);
      }
    })();
    const master = await aMaster(first);
    const keys = await Promise.all(Array.from({ length: 20 }, () => aKey(first, master.id)));
    for (const { id } of keys) await first.admin.post(`/admin/masters/${master.id}/keys/${id}/revoke`);
    over.abort();
    await haunting;
    await first.sync();
    expect(await actualImage(first.redis)).toEqual(await desiredImage(first.dsn));
  });
});
