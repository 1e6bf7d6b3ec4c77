import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { redisKeys } from '../../src/contract/redis-keys.js';
import { slotOf } from '../../src/redis/slots.js';
import { startApp, type TestApp } from '../support/app.js';
import { aMaster, created, tokenHash, unused } from '../support/gateway.js';
import { actualImage, desiredImage, type RedisImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { RedisCluster } from '../support/redis-cluster.js';

describe('a cluster', () => {
  let cluster: RedisCluster;
  let app: TestApp;

  async function start(replicas: boolean): Promise<void> {
    cluster = await RedisCluster.start({ replicas });
    app = await startApp({}, undefined, () => Promise.resolve(cluster));
  }
  afterEach(() => app.close());

  const record = (token: string): string => redisKeys.token(tokenHash(token));
  const statusOf = (token: string): Promise<string | null> => app.redis.hget(record(token), 'status');
  const marker = (): Promise<Record<string, string>> => app.redis.hgetall(redisKeys.marker);
  const state = async (): Promise<string> => (await app.admin.get('/admin/sync/status')).body.state;

  async function held(): Promise<RedisImage> {
    await app.sync();
    return actualImage(app.redis);
  }
  const wanted = (): Promise<RedisImage> => desiredImage(app.dsn);

  /** What was lost is noticed a moment later, and until then the marker in another shard says what it said. */
  async function restored(): Promise<RedisImage> {
    const image = await wanted();
    await until(async () => isDeepStrictEqual(await actualImage(app.redis).catch(() => undefined), image));
    await until(async () => (await state()) === 'ok');
    return held();
  }

  interface TestKey {
    id: number;
    token: string;
  }

  /** Enough that every shard has some of them. */
  async function someKeys(
    count = 30,
  ): Promise<{ keys: TestKey[]; revoke(key: TestKey, wait?: string): Promise<string> }> {
    const master = await aMaster(app);
    const create = Array.from({ length: count }, () => ({ name: unused('key') }));
    const { body } = await app.admin.post(`/admin/masters/${master.id}/keys/batch`, { create });
    return {
      keys: body.created as TestKey[],
      async revoke({ id }, wait = '') {
        const answer = await app.admin.post(`/admin/masters/${master.id}/keys/${id}/revoke${wait}`);
        expect(answer.status).toBe(200);
        return answer.headers.get('ez-propagation')!;
      },
    };
  }

  const shardOf = (key: TestKey): number => cluster.numberOf(record(key.token));

  describe('of three masters', () => {
    beforeEach(() => start(false), 60_000);

    it.each([0, 1, 2])(
      'makes good what shard %i lost',
      async (shard) => {
        const { keys, revoke } = await someKeys();
        await revoke(keys[0]!);
        expect(await held()).toEqual(await wanted());
        await cluster.masters[shard]!.client.flushall();
        expect(await restored()).toEqual(await wanted());
      },
      60_000,
    );

    it('with a dead shard takes access away in the others, says that it is not all, and catches up', async () => {
      const { keys, revoke } = await someKeys();
      expect(await held()).toEqual(await wanted());
      const before = await marker();
      const dead = (cluster.numberOf(redisKeys.marker) + 1) % 3;
      const alive = keys.filter((key) => shardOf(key) !== dead);
      await cluster.masters[dead]!.kill();
      expect(await revoke(alive[0]!, '?wait=applied&timeout_ms=200')).toBe('pending');
      const { id } = await created(app, '/admin/features', { name: unused('feature'), value: 1 });
      expect(id).toBeDefined();
      await until(async () => (await statusOf(alive[0]!.token)) === 'revoked');
      expect((await marker()).version).toBe(before.version);
      expect(await state()).toBe('degraded');
      const lost = keys.find((key) => shardOf(key) === dead)!;
      await revoke(lost);
      await cluster.masters[dead]!.restart();
      await until(async () => (await statusOf(lost.token).catch(() => null)) === 'revoked');
      expect(await held()).toEqual(await wanted());
      await until(async () => (await state()) === 'ok');
    }, 90_000);

    it('goes on while a slot is moved, with all that is in it', async () => {
      const { keys, revoke } = await someKeys(40);
      expect(await held()).toEqual(await wanted());
      const over = new AbortController();
      const revoking = (async () => {
        for (const key of keys) {
          expect(await revoke(key, '?wait=applied&timeout_ms=30000')).toBe('applied');
          if (over.signal.aborted) return;
        }
      })();
      const movedAt = Date.now();
      const moved = [redisKeys.keys, redisKeys.marker, record(keys[0]!.token), redisKeys.changes];
      for (const key of moved) {
        const from = cluster.numberOf(key);
        await cluster.moveSlot(slotOf(key), cluster.masters[from]!, cluster.masters[(from + 1) % 3]!);
      }
      // The first slot of a master is where something vouches for the rest of it.
      await cluster.moveSlot(0, cluster.masters[0]!, cluster.masters[1]!);
      over.abort();
      await revoking;
      await created(app, '/admin/features', { name: unused('feature'), value: 1 });
      expect(await held()).toEqual(await wanted());
      const { last_snapshot } = (await app.admin.get('/admin/sync/status')).body;
      expect(new Date(last_snapshot.started_at as string).getTime()).toBeLessThan(movedAt);
    }, 90_000);
  });

  describe('with replicas', () => {
    beforeEach(() => start(true), 60_000);

    it.each([0, 1, 2])(
      'makes good what a lagging replica of shard %i never had',
      async (shard) => {
        const { keys, revoke } = await someKeys();
        expect(await held()).toEqual(await wanted());
        const master = cluster.masters[shard]!;
        const replica = cluster.replicas[shard]!;
        await master.forget(replica);
        const key = keys.find((each) => shardOf(each) === shard)!;
        expect(await revoke(key, '?wait=applied&timeout_ms=30000')).toBe('applied');
        await created(app, '/admin/features', { name: unused('feature'), value: 1 });
        await app.sync();
        await master.kill();
        await replica.client.call('CLUSTER', 'FAILOVER', 'TAKEOVER');
        expect(await restored()).toEqual(await wanted());
        expect(await statusOf(key.token)).toBe('revoked');
      },
      90_000,
    );
  });
});
