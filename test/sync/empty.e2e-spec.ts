import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { redisKeys, stageOf, versionsOf } from '../../src/contract/redis-keys.js';
import { openStore, type TestStore } from './store.js';

let test: TestStore;

beforeAll(async () => void (test = await openStore()));
afterAll(() => test.close());
beforeEach(() => test.redis.flushdb());

describe('A Redis counts as empty', () => {
  it('with counters and queues of the data plane, which are back at once', async () => {
    await test.redis.xgroup('CREATE', redisKeys.logsIngest, 'ez', '0', 'MKSTREAM');
    await test.redis.set(redisKeys.quota(1, '2026-11'), '5');
    await test.redis.hset(redisKeys.ack('node-1'), { version: '1.1' });
    expect(await test.store.isEmpty()).toBe(true);
  });

  it.each([
    redisKeys.marker,
    redisKeys.keys,
    redisKeys.models,
    redisKeys.token('0'.repeat(64)),
    redisKeys.master(1),
    versionsOf(redisKeys.master(1)),
    stageOf(redisKeys.keys, 'nonce'),
  ])('not with %s', async (name) => {
    await test.redis.hset(name, { any: '1' });
    expect(await test.store.isEmpty()).toBe(false);
  });

  it('not with so much else that it would have to be searched', async () => {
    const many = Array.from({ length: 1_001 }, (_, id): [string, string] => [redisKeys.quota(id, 'all'), '1']);
    await test.redis.mset(new Map(many));
    expect(await test.store.isEmpty()).toBe(false);
  });
});
