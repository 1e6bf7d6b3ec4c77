import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { redisKeys, versionsOf } from '../../src/contract/redis-keys.js';
import type { Repair, RepairCall, RedisStore } from '../../src/sync/redis-store.js';
import { at, openStore, type TestStore } from './store.js';

const hash = redisKeys.features;

const feature = (version: string, field?: string): Repair => ({
  ref: 'f',
  wanted: { kind: 'feature', ref: 'f', version, op: field === undefined ? 'del' : 'put', field },
  seen: { field: 'planted', version: '99' },
});

const master = (seen: Record<string, string> | undefined, record?: Record<string, string>): Repair => ({
  ref: '5',
  wanted: { kind: 'master', ref: '5', version: '9', op: record ? 'put' : 'del', record },
  seen: { version: '', record: seen },
});

describe('REPAIR', () => {
  let test: TestStore;
  let store: RedisStore;
  let redis: Redis;

  beforeAll(async () => {
    test = await openStore();
    ({ store, redis } = test);
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    await test.reset('10');
    await redis.hset(hash, { f: 'planted', g: 'planted' });
    await redis.hset(versionsOf(hash), { f: '99', g: '99' });
  });

  const repair = (repairs: Repair[], call: Partial<RepairCall> = {}) =>
    store.repair({ head: at('10'), fence: '3', kind: 'feature', repairs, ...call });

  it('writes what is true at a version below the one that is held, and says so in the stream', async () => {
    expect(await repair([feature('9', 'true')])).toEqual({ status: 'ok', fence: '3' });
    expect([await redis.hget(hash, 'f'), await redis.hget(versionsOf(hash), 'f')]).toEqual(['true', '9']);
    expect(await test.changes()).toEqual(['1.9 feature f put']);
  });

  it('leaves the version of what is deleted, and nothing of what nobody knows', async () => {
    await repair([feature('9'), { ref: 'g', wanted: undefined, seen: { field: 'planted', version: '99' } }]);
    expect(await redis.exists(hash)).toBe(0);
    expect(await redis.hgetall(versionsOf(hash))).toEqual({ f: '9' });
    expect(await test.changes()).toEqual(['1.9 feature f del', '1.10 feature g del']);
  });

  it('replaces a record whatever its type, and leaves the version of one that is deleted', async () => {
    const name = redisKeys.master('5');
    await redis.set(name, 'planted');
    await repair([master(undefined, { status: 'active', ver: '9' })], { kind: 'master' });
    expect(await redis.hgetall(name)).toEqual({ status: 'active', ver: '9', gen: '1' });
    await repair([master({ ver: '9', gen: '1' })], { kind: 'master' });
    expect(await redis.exists(name)).toBe(0);
    expect(await redis.hget(versionsOf(name), 'ver')).toBe('9');
  });

  it('does nothing at all if one of them was written since it was seen', async () => {
    const other: Repair = { ref: 'g', wanted: undefined, seen: { field: 'planted', version: '98' } };
    expect(await repair([feature('9', 'true'), other])).toMatchObject({ status: 'moved' });
    expect(await redis.hgetall(hash)).toEqual({ f: 'planted', g: 'planted' });
    const { status } = await repair([master({ ver: '8', gen: '1' }, { status: 'active', ver: '9' })]);
    expect([status, await redis.exists(redisKeys.master('5'))]).toEqual(['moved', 0]);
  });

  it.each<[string, Partial<RepairCall>, string]>([
    ['Redis has gone on since', { head: at('9') }, 'moved'],
    ['another generation has begun', { head: at('10', '2') }, 'foreign'],
    ['the marker is of another database', { head: { ...at('10'), source: 'other' } }, 'foreign'],
    ['a later term has begun', { fence: '2' }, 'fenced'],
  ])('does nothing when %s', async (_when, call, status) => {
    expect(await repair([feature('9', 'true')], call)).toMatchObject({ status });
    expect(await redis.hget(hash, 'f')).toBe('planted');
  });

  it('does nothing in a Redis without a marker', async () => {
    await redis.del(redisKeys.marker);
    expect(await repair([feature('9', 'true')])).toMatchObject({ status: 'missing' });
    expect(await redis.hget(hash, 'f')).toBe('planted');
  });
});
