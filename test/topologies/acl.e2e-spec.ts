import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, created, tokenHash, unused } from '../support/gateway.js';
import { actualImage, desiredImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisServer } from '../support/redis-server.js';
import type { Topology } from '../support/topology.js';

const PASSWORD = 'acl-password';

/** As operators are told to type them. */
const USERS = readFileSync('docs/operations.md', 'utf8')
  .replaceAll(/ \\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => line.startsWith('ACL SETUSER '))
  .map((line) => line.replace('PASSWORD', PASSWORD).split(' '));

const PLACES: Record<string, () => Promise<Topology & { servers: readonly RedisServer[] }>> = {
  async 'one server'() {
    const server = await RedisServer.start();
    const env = { EZ_REDIS_ADDR: server.address };
    return { env, client: server.client, close: () => server.close(), servers: [server] };
  },
  async 'a cluster'() {
    const cluster = await RedisCluster.start();
    return { env: cluster.env, client: cluster.client, close: () => cluster.close(), servers: cluster.masters };
  },
};

describe.each(Object.entries(PLACES))('the users of operations.md, on %s,', (_place, open) => {
  let app: TestApp;
  let servers: readonly RedisServer[];

  beforeAll(async () => {
    const place = await open();
    ({ servers } = place);
    for (const { client } of servers) for (const [command, ...args] of USERS) await client.call(command!, ...args);
    app = await startApp({ EZ_REDIS_USERNAME: 'ez-api', EZ_REDIS_PASSWORD: PASSWORD }, undefined, () =>
      Promise.resolve(place),
    );
  }, 60_000);
  afterAll(() => app.close());

  it('are three', () => {
    expect(USERS.map(([, , name]) => name)).toEqual(['ez-api', 'balancer', 'operator']);
  });

  it('let the control plane do all it has to, and nothing that it tries is refused', async () => {
    const master = await aMaster(app);
    const key = await aKey(app, master.id);
    await created(app, '/admin/features', { name: unused('feature'), value: 1 });
    await app.admin.post('/sync/snapshot?wait=applied&timeout_ms=30000');
    await app.redis.hset(`auth:token:${tokenHash(key.token)}`, { status: 'suspended' });
    await app.redis.hset(`auth:token:${'f'.repeat(64)}`, { status: 'active' });
    const { body } = await app.admin.post('/admin/sync/reconcile', { wait_ms: 30_000 });
    expect(body.run.error).toBeNull();
    await app.admin.delete(`/admin/masters/${master.id}`);
    await Promise.all(servers.map(({ client }) => client.flushdb()));
    await app.sync();
    expect(await actualImage(app.redis)).toEqual(await desiredImage(app.dsn));
    await until(async () => (await app.admin.get('/admin/sync/status')).body.state === 'ok');
    const refused = await Promise.all(servers.map(({ client }) => client.acl('LOG')));
    expect(refused.flat()).toEqual([]);
  });

  const as = (username: string, { port }: RedisServer): Redis =>
    new Redis({ host: '127.0.0.1', port, username, password: PASSWORD });

  /** Whether a right is missing. In a cluster another server may have the key: whoever may not touch it isn't told so. */
  const isRefused = (client: Redis, ...command: [string, ...string[]]): Promise<boolean> =>
    client.call(...command).then(
      () => false,
      (error: Error) =>
        error.message.startsWith('NOPERM') || (error.message.startsWith('MOVED') ? false : Promise.reject(error)),
    );

  it('let a balancer read, count and acknowledge, but write no configuration', async () => {
    const balancer = as('balancer', servers[0]!);
    const may = async (...command: [string, ...string[]]): Promise<void> =>
      expect([command, await isRefused(balancer, ...command)]).toEqual([command, false]);
    const mayNot = async (...command: [string, ...string[]]): Promise<void> =>
      expect([command, await isRefused(balancer, ...command)]).toEqual([command, true]);
    for (const hash of ['config:meta', 'config:keys', 'meta:models', 'auth:token:x']) await may('HGETALL', hash);
    await may('HSCAN', 'config:keys', '0');
    await may('XREAD', 'STREAMS', 'config:changes', '0');
    await may('HSET', 'dp:ack:node-1', 'version', '1');
    await may('EXPIRE', 'dp:ack:node-1', '30');
    await may('HINCRBY', 'rt:key:1:2', 'requests', '1');
    await may('INCRBY', 'quota:1:2026-01', '3');
    await may('XADD', 'logs:ingest', '*', 'log', '{}');
    for (const key of ['config:keys', 'config:meta', 'meta:models', 'auth:token:x', '{config:keys}:meta']) {
      await mayNot('HSET', key, 'a', 'b');
      await mayNot('DEL', key);
    }
    await mayNot('EVAL', 'return 1', '0');
    await mayNot('FLUSHALL');
    await mayNot('PUBLISH', 'dp:config:refresh', '{}');
    expect(await balancer.subscribe('dp:config:refresh')).toBe(1);
    balancer.disconnect();
  });

  it('let an operator look, and change nothing', async () => {
    const operator = as('operator', servers[0]!);
    await operator.call('INFO');
    await operator.call('SLOWLOG', 'GET');
    await operator.call('CONFIG', 'GET', 'maxmemory-policy');
    await operator.call('SCAN', '0');
    expect(await isRefused(operator, 'DEL', 'config:keys')).toBe(true);
    expect(await isRefused(operator, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')).toBe(true);
    expect(await isRefused(operator, 'FLUSHALL')).toBe(true);
    operator.disconnect();
  });
});
