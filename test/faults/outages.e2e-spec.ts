import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { parseRedisAddr } from '../../src/config/redis-addr.js';
import { startApp, type TestApp } from '../support/app.js';
import { requiredEnvironment } from '../support/environment.js';
import { aGateway, aKey, aMaster, tokenHash, unused } from '../support/gateway.js';
import { actualImage, desiredImage } from '../support/image.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('while Redis is', () => {
  let app: TestApp;
  let network: TcpProxy;

  beforeAll(async () => {
    const [node] = parseRedisAddr(requiredEnvironment('EZ_REDIS_ADDR')).nodes;
    network = await TcpProxy.to(node!);
    app = await startApp({ EZ_REDIS_ADDR: `127.0.0.1:${network.port}` });
  });
  afterEach(() => network.pass());
  afterAll(async () => {
    await app.close();
    await network.close();
  });

  const equal = async (): Promise<void> => {
    await app.sync();
    expect(await actualImage(app.redis)).toEqual(await desiredImage(app.dsn));
  };

  it.each([
    ['refusing connections', () => network.refuse()],
    ['a black hole', () => Promise.resolve(network.blackHole())],
    ['answering nothing', () => Promise.resolve(network.blackHole('toClient'))],
  ])('%s, every write is accepted, and arrives when it is back', async (_how, interrupt: () => Promise<void>) => {
    const master = await aMaster(app);
    const revoked = await aKey(app, master.id);
    await app.sync();
    await interrupt();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => app.admin.post(`/admin/masters/${master.id}/keys`, { name: unused('key') })),
    );
    expect(answers.map(({ status, headers }) => [status, headers.get('ez-propagation')])).toEqual(
      answers.map(() => [201, 'pending']),
    );
    expect((await app.admin.post(`/admin/masters/${master.id}/keys/${revoked.id}/revoke`)).status).toBe(200);
    await network.pass();
    await equal();
    expect(await app.redis.hget(`auth:token:${tokenHash(revoked.token)}`, 'status')).toBe('revoked');
  });

  it('away, a write that waits is told so in time, and readiness says degraded', async () => {
    await network.refuse();
    const { status, headers } = await app.admin.post('/admin/namespaces?wait=applied&timeout_ms=300', {
      name: unused('ns'),
    });
    expect([status, headers.get('ez-propagation')]).toEqual([201, 'pending']);
    const ready = await app.anyone.get('/health/ready');
    expect([ready.status, ready.body.status, ready.body.redis]).toEqual([200, 'degraded', 'down']);
    await network.pass();
    await equal();
  });

  it('away, pending work is counted in resources, not in edits', async () => {
    const { id } = await aMaster(app);
    await app.sync();
    await network.refuse();
    for (let i = 0; i < 10; i++) await app.admin.patch(`/admin/masters/${id}`, { global_qps: i });
    const { body } = await app.admin.get('/admin/sync/status');
    expect(body).toMatchObject({ pending: { total: 1 } });
    await network.pass();
    await equal();
  });

  it('emptied, it is filled again by itself', async () => {
    await aGateway(app);
    await app.sync();
    await app.redis.flushdb();
    await equal();
    expect(Object.keys(await actualImage(app.redis)).length).toBeGreaterThan(8);
  });
});

describe('while PostgreSQL is away', () => {
  it('requests are answered 503 with Retry-After, and work again when it is back', async () => {
    const server = parsePgDsn(requiredEnvironment('EZ_PG_DSN'));
    const network = await TcpProxy.to({ host: server.host, port: server.port });
    const app = await startApp({}, (dsn) => viaPort(dsn, network.port));
    try {
      await network.refuse();
      const refused = await app.admin.post('/admin/namespaces', { name: 'away' });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
      const ready = await app.anyone.get('/health/ready');
      expect([ready.status, ready.body.postgres]).toEqual([503, 'down']);
      expect((await app.anyone.get('/health/live')).status).toBe(200);
      await network.pass();
      expect((await app.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', { name: 'back' })).status).toBe(
        201,
      );
    } finally {
      await network.pass();
      await app.close();
      await network.close();
    }
  });

  function viaPort(dsn: string, port: number): string {
    const url = new URL(dsn);
    url.hostname = '127.0.0.1';
    url.port = String(port);
    return url.href;
  }
});
