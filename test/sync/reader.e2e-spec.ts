import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { revokedTokenRecord } from '../../src/contract/hash-records.js';
import { redisKeys } from '../../src/contract/redis-keys.js';
import { hashToken } from '../../src/contract/token.js';
import type { Resource } from '../../src/sync/resource.js';
import { startBalancer, type TestBalancer } from '../support/balancer.js';
import { until } from '../support/launcher.js';
import { at, openStore, SOURCE, type TestStore } from './store.js';

const TOKEN = 'sk-client';
const ADDRESS = '192.0.2.1';

class CountingRedis extends Redis {
  looks = 0;

  override sendCommand(...[command, ...rest]: Parameters<Redis['sendCommand']>): unknown {
    if (command.name === 'hmget') this.looks++;
    return super.sendCommand(command, ...rest);
  }
}

describe('a reader that follows', () => {
  let store: TestStore;
  let redis: Redis;
  let balancer: TestBalancer;
  let connection: CountingRedis;
  let version = 10;

  beforeAll(async () => {
    store = await openStore();
    ({ redis } = store);
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    version = 10;
    await store.reset(String(version));
    await write(feature('kept', '"first"'), token({ status: 'active' }), master({ status: 'active', epoch: '1' }));
    const { host, port, password, db } = redis.options;
    connection = new CountingRedis({ host, port, password, db });
    balancer = startBalancer({ redis }, 'reader', { redis: connection });
    await untilAt('1.11');
  });
  afterEach(() => balancer.close());

  const feature = (ref: string, field?: string): Omit<Resource, 'version'> => ({
    kind: 'feature',
    ref,
    op: field === undefined ? 'del' : 'put',
    field,
  });
  const token = (record: Record<string, string>): Omit<Resource, 'version'> => ({
    kind: 'key',
    ref: hashToken(TOKEN),
    op: 'put',
    field: '{}',
    record: { id: '9', master_id: '5', group: 'default', epoch: '1', ...record },
  });
  const master = (record: Record<string, string>): Omit<Resource, 'version'> => ({
    kind: 'master',
    ref: '5',
    op: 'put',
    record,
  });

  /** One committed version, as the dispatcher brings it. */
  async function write(...resources: Omit<Resource, 'version'>[]): Promise<void> {
    const from = String(version++);
    const items = resources.map((resource) => ({
      ...resource,
      version: String(version),
      record: resource.record && { ...resource.record, ver: String(version) },
    }));
    const chunk = { nonce: 'n', number: 1, isLast: true };
    const call = { head: at(String(version)), from, fence: '3', chunk, resources: items };
    expect(await store.store.apply(call)).toMatchObject({ status: 'ok' });
  }

  const held = (name: string): unknown => balancer.reader.configuration?.feature.get(name);
  const versionOf = (): string => `${balancer.reader.version.gen}.${balancer.reader.version.version}`;
  const untilAt = (wanted: string): Promise<void> => until(() => versionOf() === wanted);
  const authenticate = () => balancer.reader.authenticate(TOKEN, ADDRESS);
  /** Until it has looked at the marker that often again. */
  function looks(count: number): Promise<void> {
    const from = connection.looks;
    return until(() => connection.looks >= from + count);
  }

  it('takes over each change, and deletions too', async () => {
    await write(feature('new', '7'));
    await write(feature('kept'));
    await untilAt('1.13');
    expect([held('new'), held('kept')]).toEqual([7, undefined]);
  });

  it('says which version it serves, and is registered', async () => {
    const ack = async () => redis.hgetall(redisKeys.ack('reader'));
    await until(async () => (await ack()).version === '11');
    expect(await ack()).toMatchObject({ gen: '1', state: 'ok', error: '', software: 'test-balancer/1' });
    expect(await redis.pttl(redisKeys.ack('reader'))).toBeGreaterThan(0);
    expect(await redis.smembers(redisKeys.nodes)).toEqual(['reader']);
    await balancer.reader.stop();
    expect(await redis.exists(redisKeys.ack('reader'), redisKeys.nodes)).toBe(0);
  });

  it('reads everything again when the part of the stream that it needs was trimmed', async () => {
    await redis.hset(redisKeys.features, 'unannounced', 'true');
    await redis.xtrim(redisKeys.changes, 'MAXLEN', 0);
    await write(feature('new', '7'));
    await untilAt('1.12');
    expect([held('new'), held('unannounced')]).toEqual([7, true]);
  });

  it('reads everything again after a full snapshot', async () => {
    await redis.hset(redisKeys.features, 'swapped in', 'true');
    await redis.xadd(redisKeys.changes, '*', 'v', '1.11', 'kind', 'all', 'ref', '*', 'op', 'put');
    await until(() => held('swapped in') === true);
    expect(held('kept')).toBe('first');
  });

  it('keeps what it has when Redis is emptied, keys too, and goes on when it is filled again', async () => {
    expect(await authenticate()).toMatchObject({ key_id: 9 });
    await redis.flushdb();
    await looks(3);
    expect([held('kept'), versionOf()]).toEqual(['first', '1.11']);
    expect(await authenticate()).toMatchObject({ key_id: 9 });
    expect(await balancer.reader.authenticate('never seen', ADDRESS)).toBe('unavailable');
    await store.reset('11');
    await write(feature('kept', '"second"'));
    await untilAt('1.12');
    expect(held('kept')).toBe('second');
    // This Redis is whole, and has no such key.
    expect(await authenticate()).toBe('unknown_key');
  });

  it('never goes back with an older copy of Redis, and follows when that has caught up', async () => {
    await write(feature('kept', '"second"'), token({ status: 'revoked' }));
    await untilAt('1.12');
    expect(await authenticate()).toBe('revoked');
    await redis.hset(redisKeys.marker, 'version', '11');
    await redis.hset(redisKeys.features, 'kept', '"first"');
    await redis.hset(redisKeys.token(hashToken(TOKEN)), { status: 'active', ver: '11' });
    await redis.xtrim(redisKeys.changes, 'MAXLEN', 0);
    await looks(3);
    expect([held('kept'), versionOf(), await authenticate()]).toEqual(['second', '1.12', 'revoked']);
    await redis.hset(redisKeys.marker, 'version', '12');
    await write(feature('kept', '"third"'));
    await untilAt('1.13');
    expect(held('kept')).toBe('third');
  });

  it('takes over another generation as a whole, also where its versions are lower', async () => {
    await redis.del(redisKeys.features);
    await redis.hset(redisKeys.features, 'other', '1');
    await redis.hset(redisKeys.marker, { gen: '2', version: '3' });
    await untilAt('2.3');
    expect([held('kept'), held('other')]).toEqual([undefined, 1]);
  });

  it('takes over another database as a whole', async () => {
    await redis.hset(redisKeys.marker, { source: SOURCE.replaceAll('1', '2'), version: '4' });
    await untilAt('1.4');
    expect(held('kept')).toBe('first');
  });

  it('refuses what it cannot read, keeps the last good value, and says so until it is repaired', async () => {
    await write(feature('kept', '{broken'), feature('new', '7'));
    const ack = async () => redis.hmget(redisKeys.ack('reader'), 'version', 'state', 'error');
    await until(async () => (await ack())[1] === 'nack');
    expect(await ack()).toEqual(['11', 'nack', expect.stringContaining('meta:features kept: ')]);
    expect([held('kept'), held('new')]).toEqual(['first', 7]);
    await redis.hset(redisKeys.features, 'unannounced', 'true');
    await redis.xtrim(redisKeys.changes, 'MAXLEN', 0);
    await write(feature('new', '8'));
    await until(() => held('unannounced') === true);
    expect([held('kept'), versionOf()]).toEqual(['first', '1.11']);
    await write(feature('kept', '"repaired"'));
    await until(async () => (await ack())[1] === 'ok');
    expect([held('kept'), versionOf()]).toEqual(['repaired', '1.14']);
  });

  it('refuses a schema that it does not know', async () => {
    await redis.hset(redisKeys.marker, { schema: '2', version: '12' });
    await until(async () => (await redis.hget(redisKeys.ack('reader'), 'state')) === 'nack');
    expect([held('kept'), versionOf()]).toEqual(['first', '1.11']);
  });

  it.each([
    [{ status: 'active', expires_at: '1' }, 'expired'],
    [{ status: 'active', allow_ips: '198.51.100.0/24' }, 'address_denied'],
    [{ status: 'active', deny_ips: '192.0.2.0/24' }, 'address_denied'],
    [{ status: 'suspended' }, 'suspended'],
    [{ status: 'exhausted' }, 'exhausted'],
    [{ ...revokedTokenRecord('0') }, 'revoked'],
    [{ status: 'of a later release' }, 'unknown_key'],
  ])('refuses a key that is %j: %s', async (record, refusal) => {
    await write(token(record));
    expect(await authenticate()).toBe(refusal);
  });

  it('lets a key in that has not heard yet of the new epoch of its master', async () => {
    await write(master({ status: 'active', epoch: '2' }));
    expect(await authenticate()).toMatchObject({ key_id: 9 });
  });

  it('refuses a key as soon as its master is suspended', async () => {
    await write(master({ status: 'suspended', epoch: '1' }));
    expect(await authenticate()).toBe('suspended');
  });
});
