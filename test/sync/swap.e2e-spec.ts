import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { redisKeys, stageOf, stageSeqOf, versionsOf } from '../../src/contract/redis-keys.js';
import type { RedisStore, StageItem } from '../../src/sync/redis-store.js';
import { at, openStore, SOURCE, type TestStore } from './store.js';

let test: TestStore;
let store: RedisStore;
let redis: Redis;

beforeAll(async () => {
  test = await openStore();
  ({ store, redis } = test);
});
afterAll(() => test.close());
beforeEach(() => test.reset('10'));

describe('STAGE and SWAP', () => {
  const hash = redisKeys.features;
  const put = (ref: string, version: string, value = version): StageItem => ({ ref, version, op: 'put', value });
  const stage = (number: number, items: StageItem[]) => store.stage({ hash, nonce: 'n', number, items });
  const swap = (receipt: string | undefined, call: Partial<Parameters<RedisStore['swap']>[0]> = {}) =>
    store.swap({
      expected: `1/10/${SOURCE}`,
      head: at('20'),
      fence: '3',
      nonce: 'n',
      snapshot: 'id',
      receipts: new Map([[hash, receipt ?? '']]),
      ...call,
    });

  it('put a whole hash in the place of the live one, for good', async () => {
    await redis.hset(hash, { gone: '1', f: 'old' });
    await redis.hset(versionsOf(hash), { gone: '5', f: '5' });
    await stage(1, [put('f', '12')]);
    expect(await swap(await stage(2, [put('g', '13')]))).toMatchObject({ status: 'ok' });
    expect(await redis.hgetall(hash)).toEqual({ f: '12', g: '13' });
    expect(await redis.hgetall(versionsOf(hash))).toEqual({ f: '12', g: '13' });
    expect([await redis.ttl(hash), await redis.ttl(versionsOf(hash))]).toEqual([-1, -1]);
    expect(await redis.hgetall(redisKeys.marker)).toMatchObject({ gen: '1', version: '20', snapshot: 'id' });
    expect(await redis.keys('*stage*')).toEqual([]);
    expect(await test.changes()).toEqual(['1.20 all * put']);
  });

  it('leave nothing live where nothing was staged', async () => {
    await redis.hset(hash, { gone: '1' });
    expect(await swap(await stage(1, []))).toMatchObject({ status: 'ok' });
    expect(await redis.exists(hash, versionsOf(hash))).toBe(0);
  });

  it('keep the newer of two of a kind in the stage, and a deletion too', async () => {
    await stage(1, [put('f', '15'), { ref: 'g', version: '15', op: 'del' }]);
    expect(await swap(await stage(2, [put('f', '12'), put('g', '12')]))).toMatchObject({ status: 'ok' });
    expect(await redis.hgetall(hash)).toEqual({ f: '15' });
  });

  it('keep the last good value of what cannot be rendered, below the version that will repair it', async () => {
    await redis.hset(hash, { f: 'good', h: 'lost future' });
    await redis.hset(versionsOf(hash), { f: '5', h: '99' });
    const keep = ['f', 'g', 'h'].map((ref): StageItem => ({ ref, version: '12', op: 'keep' }));
    await swap(await stage(1, keep));
    expect(await redis.hgetall(hash)).toEqual({ f: 'good', h: 'lost future' });
    expect(await redis.hgetall(versionsOf(hash))).toEqual({ f: '5', h: '0' });
  });

  it('take a chunk twice, and refuse one whose predecessor is gone', async () => {
    const receipt = await stage(1, [put('f', '12')]);
    expect(await stage(1, [put('f', '12')])).toBe(receipt);
    expect(await stage(3, [put('g', '12')])).toBeUndefined();
    await redis.del(stageSeqOf(hash, 'n'));
    expect(await stage(2, [put('g', '12')])).toBeUndefined();
  });

  it('notice that only the staged values were deleted', async () => {
    const receipt = await stage(1, [put('f', '12')]);
    await redis.del(stageOf(hash, 'n'));
    expect(await stage(2, [put('g', '12')])).toBeUndefined();
    expect(await swap(receipt)).toMatchObject({ status: 'stage' });
    expect(await redis.hget(redisKeys.marker, 'version')).toBe('10');
  });

  it.each([
    ['the marker has moved', { expected: `1/9/${SOURCE}` }, 'marker'],
    ['there is a marker where none was', { expected: '//' }, 'marker'],
    ['what is live is newer', { head: at('9') }, 'marker'],
    ['a later term has begun', { fence: '2' }, 'fenced'],
  ])('do nothing when %s', async (_when, call, status) => {
    await redis.hset(hash, { f: 'live' });
    expect(await swap(await stage(1, [put('f', '12')]), call)).toMatchObject({ status });
    expect(await redis.hgetall(hash)).toEqual({ f: 'live' });
  });

  it('start from nothing, or from a marker that nobody can read', async () => {
    for (const plant of [() => redis.del(redisKeys.marker), () => redis.set(redisKeys.marker, 'planted')]) {
      await redis.flushdb();
      await plant();
      const { name, marker: readable } = await store.readMarker();
      expect(readable).toBeUndefined();
      expect(await swap(await stage(1, [put('f', '12')]), { expected: name })).toMatchObject({ status: 'ok' });
      expect((await store.readMarker()).marker).toMatchObject({ version: '20' });
    }
  });
});

describe('COLLECT', () => {
  it('deletes a record only if it has the version that was seen', async () => {
    await redis.hset('auth:token:orphan', { status: 'active', ver: '4' });
    await redis.hset('auth:token:written-again', { status: 'active', ver: '11' });
    await redis.hset('auth:token:of-long-ago', { status: 'active' });
    const seen = new Map([
      ['auth:token:orphan', '4'],
      ['auth:token:written-again', '4'],
      ['auth:token:of-long-ago', ''],
    ]);
    expect(await store.collect('1', '3', seen)).toBe(2);
    expect(await redis.keys('auth:*')).toEqual(['auth:token:written-again']);
  });

  it('is refused to a dispatcher of another term or generation', async () => {
    await redis.hset('auth:token:orphan', { status: 'active', ver: '4' });
    const seen = new Map([['auth:token:orphan', '4']]);
    expect(await store.collect('1', '2', seen)).toBe(-1);
    expect(await store.collect('2', '3', seen)).toBe(-1);
    expect(await redis.exists('auth:token:orphan')).toBe(1);
  });
});
