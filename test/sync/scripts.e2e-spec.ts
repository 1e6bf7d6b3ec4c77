import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { redisKeys, stageOf, stageSeqOf, versionsOf } from '../../src/contract/redis-keys.js';
import type { Head } from '../../src/sync/head.js';
import { RedisStore, type ApplyCall, type StageItem } from '../../src/sync/redis-store.js';
import type { Resource } from '../../src/sync/resource.js';
import { claimRedisDb, type TestRedis } from '../support/redis.js';

const SOURCE = '11111111-1111-4111-8111-111111111111';
const TOKEN = 'ab'.repeat(32);

let server: TestRedis;
let redis: Redis;
let store: RedisStore;

beforeAll(async () => {
  server = await claimRedisDb();
  redis = server.client;
  store = new RedisStore(redis);
});
afterAll(() => server.close());
beforeEach(async () => {
  await redis.flushdb();
  await marker('10');
});

const at = (version: string, gen = '1'): Head => ({ gen, version, source: SOURCE });

const marker = (version: string, fields: object = {}) =>
  redis.hset(redisKeys.marker, { gen: '1', version, source: SOURCE, fence: '3', heartbeat: '0', ...fields });

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
    expect(await changes()).toEqual(['1.12 feature f put', `1.20 key ${TOKEN} put`]);
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
    expect(await apply([feature('f', '12', 'true'), key('12', 'active')], { from: '20' })).toMatchObject({ written: 0 });
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
    await marker('30');
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
    const heard: { resource: string; version: string }[] = [];
    await listener.subscribe(redisKeys.refreshChannel);
    listener.on('message', (_channel, text) => heard.push(JSON.parse(text)));
    await apply([feature('a', '11', '1')]);
    await apply([feature('a', '12', '1'), key('12', 'active')], { from: '20' });
    await apply([], { from: '20' });
    await listener.ping();
    listener.disconnect();
    expect(heard).toMatchObject([
      { resource: 'feature', version: '1.20' },
      { resource: 'all', version: '1.20' },
    ]);
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
    expect(await changes()).toEqual(['1.20 all * put']);
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

async function changes(): Promise<string[]> {
  const entries = await redis.xrange(redisKeys.changes, '-', '+');
  return entries.map(([, [, v, , kind, , ref, , op]]) => `${v} ${kind} ${ref} ${op}`);
}
