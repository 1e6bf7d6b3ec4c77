import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { redisKeys, versionsOf } from '../../src/contract/redis-keys.js';
import type { ApplyCall, RedisStore } from '../../src/sync/redis-store.js';
import type { Resource } from '../../src/sync/resource.js';
import { at, openStore, type TestStore } from './store.js';

const TOKEN = 'ab'.repeat(32);

let test: TestStore;
let store: RedisStore;
let redis: Redis;

beforeAll(async () => {
  test = await openStore();
  ({ store, redis } = test);
});
afterAll(() => test.close());
beforeEach(() => test.reset('10'));

const feature = (ref: string, version: string, field?: string): Resource => ({
  kind: 'feature',
  ref,
  version,
  op: field === undefined ? 'del' : 'put',
  field,
});

const key = (version: string, status: string): Resource => ({
  kind: 'key',
  ref: TOKEN,
  version,
  op: 'put',
  field: `{"status":"${status}"}`,
  record: { status, ver: version },
});

const master = (version: string, record?: Record<string, string>): Resource => ({
  kind: 'master',
  ref: '5',
  version,
  op: record ? 'put' : 'del',
  record,
});

const apply = (resources: Resource[], call: Partial<ApplyCall> = {}) =>
  store.apply({
    head: at('20'),
    from: '10',
    fence: '3',
    chunk: { nonce: 'n', number: 1, isLast: true },
    resources,
    ...call,
  });

describe('APPLY', () => {
  it('writes values with their versions, says so in the stream, and raises the marker', async () => {
    expect(await apply([feature('f', '12', 'true'), key('20', 'active')])).toMatchObject({ status: 'ok', written: 2 });
    expect(await redis.hget(redisKeys.features, 'f')).toBe('true');
    expect(await redis.hget(versionsOf(redisKeys.features), 'f')).toBe('12');
    expect(await redis.hgetall(redisKeys.token(TOKEN))).toEqual({ status: 'active', ver: '20', gen: '1' });
    expect(await redis.hget(redisKeys.marker, 'version')).toBe('20');
    expect(await test.changes()).toEqual(['1.12 feature f put', `1.20 key ${TOKEN} put`]);
  });

  it('keeps what is newer, however the calls arrive', async () => {
    await apply([feature('f', '15', '"new"'), key('15', 'revoked')]);
    expect(await apply([feature('f', '12', '"old"'), key('12', 'active')])).toMatchObject({ status: 'ok', written: 0 });
    expect(await redis.hget(redisKeys.features, 'f')).toBe('"new"');
    expect(await redis.hget(redisKeys.token(TOKEN), 'status')).toBe('revoked');
  });

  it('compares versions as numbers of any length, beyond what a double holds', async () => {
    await apply([feature('f', '9', '1')]);
    await apply([feature('f', '10', '2')]);
    await apply([feature('f', '9007199254740993', '3')]);
    await apply([feature('f', '9007199254740992', '4')]);
    expect(await redis.hget(redisKeys.features, 'f')).toBe('3');
  });

  it('writes nothing but the heartbeat when nothing has changed', async () => {
    await apply([feature('f', '12', 'true'), key('12', 'active')]);
    const before = await redis.hgetall(redisKeys.marker);
    expect(await apply([feature('f', '12', 'true'), key('12', 'active')], { from: '20' })).toMatchObject({
      written: 0,
    });
    expect(await apply([], { from: '20' })).toMatchObject({ written: 0 });
    const { heartbeat: _, ...rest } = await redis.hgetall(redisKeys.marker);
    expect(before).toMatchObject(rest);
    expect(await redis.xlen(redisKeys.changes)).toBe(2);
  });

  it('leaves a version where a field was deleted, so that nothing older comes back', async () => {
    await apply([feature('f', '12', 'true')]);
    await apply([feature('f', '15')]);
    await apply([feature('f', '13', 'true')]);
    expect(await redis.hexists(redisKeys.features, 'f')).toBe(0);
  });

  it('leaves a version where a master was deleted, and forgets it when the master is there again', async () => {
    await apply([master('12', { status: 'active', ver: '12' })]);
    await apply([master('15')]);
    await apply([master('13', { status: 'active', ver: '13' })]);
    expect(await redis.exists(redisKeys.master('5'))).toBe(0);
    expect(await redis.ttl(versionsOf(redisKeys.master('5')))).toBeGreaterThan(3600);
    await apply([master('16', { status: 'active', ver: '16' })]);
    expect(await redis.hget(redisKeys.master('5'), 'ver')).toBe('16');
    expect(await redis.exists(versionsOf(redisKeys.master('5')))).toBe(0);
  });

  it('does not create what the caller may not know to be deleted', async () => {
    await test.reset('30');
    await apply([feature('f', '12', 'true'), key('12', 'active')]);
    expect(await redis.hexists(redisKeys.features, 'f')).toBe(0);
    expect(await redis.exists(redisKeys.token(TOKEN))).toBe(0);
  });

  it('drops fields of a record that are empty now', async () => {
    await redis.hset(redisKeys.token(TOKEN), { status: 'active', allow_ips: '10.0.0.1' });
    await apply([key('12', 'active')]);
    expect(await redis.hexists(redisKeys.token(TOKEN), 'allow_ips')).toBe(0);
  });

  it('replaces a record that somebody gave another type, and a stream too', async () => {
    await redis.set(redisKeys.token(TOKEN), 'planted');
    await redis.set(redisKeys.changes, 'planted');
    expect(await apply([key('12', 'active')])).toMatchObject({ status: 'ok', written: 1 });
    expect(await redis.hget(redisKeys.token(TOKEN), 'status')).toBe('active');
    expect(await redis.xlen(redisKeys.changes)).toBe(1);
  });

  it.each([
    ['a Redis without a marker', {}, 'missing', async () => void (await redis.del(redisKeys.marker))],
    ['another generation', { head: at('20', '2') }, 'foreign', undefined],
    ['another database', { head: { ...at('20'), source: 'other' } }, 'foreign', undefined],
    ['a Redis that is further back than it was found', { from: '11' }, 'gap', undefined],
    ['a dispatcher of an earlier term', { fence: '2' }, 'fenced', undefined],
    ['a chunk whose predecessor is gone', { chunk: { nonce: 'n', number: 2, isLast: true } }, 'gap', undefined],
  ])('refuses %s, and writes nothing', async (_what, call, status, arrange) => {
    await arrange?.();
    expect(await apply([feature('f', '12', 'true')], call)).toMatchObject({ status, written: 0 });
    expect(await redis.exists(redisKeys.features)).toBe(0);
  });

  it('raises the marker with the last chunk only, and takes a chunk twice', async () => {
    const chunk = (number: number, isLast: boolean) => ({ chunk: { nonce: 'n', number, isLast } });
    await apply([feature('a', '11', '1')], chunk(1, false));
    await apply([feature('b', '12', '1')], chunk(2, false));
    expect(await redis.hget(redisKeys.marker, 'version')).toBe('10');
    expect(await apply([feature('b', '12', '1')], chunk(2, false))).toMatchObject({ status: 'ok', written: 0 });
    expect(await apply([feature('c', '13', '1')], chunk(3, true))).toMatchObject({ status: 'ok', written: 1 });
    expect(await redis.hmget(redisKeys.marker, 'version', 'chunk')).toEqual(['20', null]);
  });

  it('publishes a hint with the last chunk, for one kind by its name', async () => {
    const listener = redis.duplicate();
    const heard: { resource: string; version: string; active_key?: string }[] = [];
    await listener.subscribe(redisKeys.refreshChannel);
    listener.on('message', (_channel, text) => heard.push(JSON.parse(text)));
    await apply([feature('a', '11', '1')]);
    await apply([feature('a', '12', '1'), key('12', 'active')], { from: '20' });
    await apply([], { from: '20' });
    await listener.ping();
    listener.disconnect();
    expect(heard).toMatchObject([
      { resource: 'feature', version: '1.20', active_key: 'meta:features' },
      { resource: 'all', version: '1.20' },
    ]);
    expect(heard[1]).not.toHaveProperty('active_key');
  });

  it('works on after SCRIPT FLUSH', async () => {
    await redis.script('FLUSH');
    expect(await apply([feature('f', '12', 'true')])).toMatchObject({ status: 'ok', written: 1 });
  });
});

describe('RECORDS', () => {
  it('lets nothing older in, unless it is of a later generation', async () => {
    await store.putRecords('1', [key('50', 'active')]);
    await store.putRecords('1', [key('49', 'suspended')]);
    expect(await redis.hget(redisKeys.token(TOKEN), 'ver')).toBe('50');
    await store.putRecords('2', [key('7', 'revoked')]);
    expect(await redis.hmget(redisKeys.token(TOKEN), 'gen', 'ver', 'status')).toEqual(['2', '7', 'revoked']);
    await store.putRecords('1', [key('99', 'active')]);
    expect(await redis.hget(redisKeys.token(TOKEN), 'status')).toBe('revoked');
  });
});
