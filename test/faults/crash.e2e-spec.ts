import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseRedisAddr } from '../../src/config/redis-addr.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { aKey, aMaster, tokenHash, unused } from '../support/gateway.js';
import { actualImage, desiredImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { claimRedisDb, type TestRedis } from '../support/redis.js';
import { ServerProcess } from '../support/server-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('a server that is killed with SIGKILL', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let network: TcpProxy;
  let environment: Record<string, string>;

  beforeAll(async () => {
    [database, redis] = await Promise.all([createTestDatabase(), claimRedisDb()]);
    const [node] = parseRedisAddr(redis.addr).nodes;
    network = await TcpProxy.to(node!);
    environment = {
      EZ_PG_DSN: database.dsn,
      EZ_REDIS_ADDR: `127.0.0.1:${network.port}`,
      EZ_REDIS_PASSWORD: redis.password,
      EZ_REDIS_DB: String(redis.db),
    };
  });
  afterAll(async () => {
    await network.close();
    await redis.close();
    await database.drop();
  });

  async function untilEqual(): Promise<void> {
    const wanted = await desiredImage(database.dsn);
    const deadline = Date.now() + 15_000;
    while (Date.now() < deadline && !isDeepStrictEqual(await actualImage(redis.client), wanted)) await sleep(50);
    expect(await actualImage(redis.client)).toEqual(wanted);
  }

  it('between commit and push leaves Redis to the next one, which makes it equal to PostgreSQL', async () => {
    const first = await ServerProcess.start(environment);
    const master = await aMaster(first);
    const keys = await Promise.all(Array.from({ length: 10 }, () => aKey(first, master.id)));
    await first.admin.post('/admin/namespaces?wait=applied&timeout_ms=5000', { name: unused('ns') });
    network.blackHole();
    for (const key of keys.slice(0, 5)) await first.admin.post(`/admin/masters/${master.id}/keys/${key.id}/revoke`);
    await first.end('SIGKILL');
    await network.pass();

    const second = await ServerProcess.start(environment);
    await untilEqual();
    for (const [i, key] of keys.entries()) {
      expect(await redis.client.hget(`auth:token:${tokenHash(key.token)}`, 'status')).toBe(
        i < 5 ? 'revoked' : 'active',
      );
    }
    expect(await second.end('SIGTERM')).toBe(0);
  }, 60_000);

  it('at any moment of many writes loses none that was acknowledged', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const server = await ServerProcess.start(environment);
      const writers = Array.from({ length: 4 }, async () => {
        for (;;) {
          const name = unused('acknowledged');
          const answer = await server.admin.post('/admin/namespaces', { name }).catch(() => undefined);
          if (!answer) return;
          if (answer.status === 201) acknowledged.push(name);
        }
      });
      const enough = acknowledged.length + 20 + round * 7;
      await until(() => acknowledged.length >= enough);
      await server.end('SIGKILL');
      await Promise.all(writers);
    }
    const last = await ServerProcess.start(environment);
    await untilEqual();
    const held = new Set(await redis.client.hkeys('config:namespaces'));
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(acknowledged.filter((name) => !held.has(name))).toEqual([]);
    await last.end('SIGTERM');
  }, 60_000);
});
