import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { redisKeys, versionsOf } from '../../src/contract/redis-keys.js';
import { tokenHash, unused } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import type { Invariant } from './checker/violation.js';
import { Arena } from './harness/arena.js';
import { now } from './harness/history.js';

const PATIENCE_MS = 60_000;

/** A checker that finds nothing proves nothing. Each of these does by hand what a fault in the product would do. */
describe('the checker catches', () => {
  let arena: Arena;
  let redis: Redis;

  beforeAll(async () => {
    arena = await Arena.open({ scenario: 'planted' });
    redis = arena.redis.client;
    await arena.server();
  }, PATIENCE_MS);
  afterEach(async () => {
    await redis.flushall();
    await arena.toRedis.pass();
    await arena.settle();
    arena.forget();
  });
  afterAll(() => arena.close());

  const create = (path: string, body: object): Promise<Json> =>
    arena.write('POST', `${path}?wait=applied&timeout_ms=30000`, body);

  const aKey = async (): Promise<{ path: string; record: string; hash: string }> => {
    const { id } = await create('/admin/masters', { name: unused('master') });
    const key = await create(`/admin/masters/${id}/keys`, { name: unused('key') });
    const hash = tokenHash(key.token);
    return { path: `/admin/masters/${id}/keys/${key.id}`, record: redisKeys.token(hash), hash };
  };

  /** From here on the server can't undo what the test does. */
  const alone = async (): Promise<void> => {
    await arena.settle();
    arena.forget();
    arena.toRedis.blackHole();
    await arena.observer.look();
  };

  async function caught(): Promise<Invariant[]> {
    return [...new Set((await arena.violations()).map(({ invariant }) => invariant))];
  }

  it('nothing where nothing is wrong', async () => {
    await aKey();
    await alone();
    expect(await caught()).toEqual([]);
  });

  it('a write that is not guarded by its version', async () => {
    const { id, name } = await create('/admin/namespaces', { name: unused('ns') });
    const hash = redisKeys.namespaces;
    const older = [await redis.hget(hash, name), await redis.hget(versionsOf(hash), name)];
    await arena.write('PATCH', `/admin/namespaces/${id}`, { status: 'disabled' });
    await alone();
    await redis.multi().hset(hash, name, older[0]!).hset(versionsOf(hash), name, older[1]!).exec();
    expect(await caught()).toContain('I4 monotone');
  });

  it('a value that belongs to another version', async () => {
    const { name } = await create('/admin/namespaces', { name: unused('ns') });
    await alone();
    await redis.hset(redisKeys.namespaces, name, '{}');
    expect(await caught()).toContain('I5 coherence');
  });

  it('a token that comes back', async () => {
    const { path, record } = await aKey();
    const older = await redis.hgetall(record);
    await arena.write('POST', `${path}/revoke`);
    await alone();
    await redis.hset(record, older);
    expect(await caught()).toContain('I8 no resurrection');
  });

  it('a marker that is early', async () => {
    await alone();
    await arena.write('POST', '/admin/namespaces', { name: unused('ns') });
    await redis.hincrby(redisKeys.marker, 'version', 1);
    expect(await caught()).toContain('I6 the marker never overstates');
  });

  it('a marker that outlived the data', async () => {
    await aKey();
    await alone();
    const marker = await redis.hgetall(redisKeys.marker);
    await redis.multi().flushall().hset(redisKeys.marker, marker).exec();
    expect(await caught()).toContain('I7 loss is co-located');
  });

  it('a swap that compares nothing, during a revocation', async () => {
    const { path, hash } = await aKey();
    const [keys, versions] = [redisKeys.keys, versionsOf(redisKeys.keys)];
    const marker = await redis.hgetall(redisKeys.marker);
    await redis.copy(keys, 'stage');
    await redis.copy(versions, 'stage-ver');
    await arena.write('PATCH', path, { status: 'suspended' });
    await alone();
    await redis.multi().rename('stage', keys).rename('stage-ver', versions).hset(redisKeys.marker, marker).exec();
    expect(await redis.hget(keys, hash)).toContain('"active"');
    const names = await caught();
    expect(names).toContain('I9 compare-and-set');
    expect(names).toContain('I8 no resurrection');
  });

  it('a provider that goes before the binding that names it', async () => {
    const { name: namespace } = await create('/admin/namespaces', { name: unused('ns') });
    const group = await create('/admin/provider-groups', { name: unused('pg'), type: 'openai', models: ['m'] });
    const provider = await create('/admin/api-keys', { provider_group_id: group.id, secret: 'sk-x' });
    await create('/admin/bindings', { namespace, public_model: 'm', group_id: group.id });
    await alone();
    await redis.hdel(redisKeys.providers, String(provider.id));
    expect(await caught()).toContain('I10 closure');
  });

  it('a dispatcher of an earlier term', async () => {
    await alone();
    await redis.hset(redisKeys.marker, 'fence', '0');
    expect(await caught()).toContain('I14 fencing');
  });

  it('a field that nothing explains, and that stays', async () => {
    await alone();
    arena.history.add({ type: 'damage', at: now(), things: [`${redisKeys.features} stray`] });
    await redis.hset(redisKeys.features, 'stray', 'true');
    expect(await caught()).toEqual(['I15 convergence']);
  });

  it('a receipt that lies', async () => {
    await alone();
    const sent = now();
    await arena.write('POST', '/admin/namespaces', { name: unused('ns') });
    const write = arena.history.events.findLast((event) => event.type === 'write')!;
    arena.history.add({ ...write, sent, propagation: 'applied' });
    expect(await caught()).toContain('truthful receipt');
  });
});

describe('the checker catches, in PostgreSQL,', () => {
  let arena: Arena;

  beforeAll(async () => {
    arena = await Arena.open({ scenario: 'planted in PostgreSQL' });
    await arena.server();
  }, PATIENCE_MS);
  afterEach(() => {
    arena.forget();
    arena.history.events.splice(1);
  });
  afterAll(() => arena.close());

  const HEAD = 'UPDATE sync_head SET version = version + 1 RETURNING gen, version';
  const LOG = `INSERT INTO operation_logs (actor_type, actor_id, actor_name, action, resource, gen, config_version)
               SELECT 'system', '', '', 'update', 'x', gen, version FROM head`;
  const TOUCH = (kind: string, refs: string): string =>
    `INSERT INTO sync_resource (kind, ref, version, deleted) SELECT '${kind}', ref, version, false FROM head, (${refs}) x (ref)
         ON CONFLICT (kind, ref) DO UPDATE SET version = EXCLUDED.version`;

  const caught = async (): Promise<Invariant[]> => (await arena.violations()).map(({ invariant }) => invariant);

  it('a version that no operation log names', async () => {
    await arena.write('POST', '/admin/namespaces', { name: 'unlogged' });
    await arena.sql(`WITH head AS (${HEAD}) ${TOUCH('namespace', `SELECT 'unlogged'`)}`);
    expect(await caught()).toContain('I1 atomic intent');
  });

  it('a change without a version', async () => {
    await arena.sql(`UPDATE namespaces SET description = 'changed behind its back' WHERE name = 'unlogged'`);
    expect(await caught()).toContain('I1 atomic intent');
  });

  it('a version that is left out', async () => {
    await arena.write('POST', '/admin/namespaces', { name: 'before' });
    await arena.sql('UPDATE sync_head SET version = version + 3');
    await arena.write('POST', '/admin/namespaces', { name: 'after' });
    expect(await caught()).toContain('I2 commit order');
  });

  it('a dependent that is not listed', async () => {
    const group = await arena.write('POST', '/admin/provider-groups', { name: 'g', type: 'openai', models: ['m'] });
    await arena.write('POST', '/admin/api-keys', { provider_group_id: group.id, secret: 'sk-x' });
    await arena.write('POST', '/admin/bindings', { namespace: 'before', public_model: 'm', group_id: group.id });
    await arena.sql(`WITH changed AS (UPDATE provider_groups SET models = '{other}' WHERE id = ${group.id}),
                          head AS (${HEAD}), logged AS (${LOG})
                     ${TOUCH('provider', 'SELECT id::text FROM api_keys')}`);
    expect(await caught()).toContain('I3 dependency completeness');
  });
});
