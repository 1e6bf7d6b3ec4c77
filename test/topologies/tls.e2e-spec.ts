import { afterAll, describe, expect, it } from '@jest/globals';
import { startApp } from '../support/app.js';
import { aKey, aMaster } from '../support/gateway.js';
import { Certificate } from '../support/certificate.js';
import { actualImage, desiredImage } from '../support/image.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { RedisServer } from '../support/redis-server.js';
import type { Topology } from '../support/topology.js';

const certificate = new Certificate();
afterAll(() => certificate.remove());

const TLS = {
  EZ_REDIS_TLS: 'true',
  EZ_REDIS_TLS_CA_FILE: certificate.certFile,
  EZ_REDIS_TLS_CERT_FILE: certificate.certFile,
  EZ_REDIS_TLS_KEY_FILE: certificate.keyFile,
};

const SERVERS: Record<string, () => Promise<Topology>> = {
  async standalone() {
    const server = await RedisServer.start([], certificate);
    return { env: { EZ_REDIS_ADDR: server.address }, client: server.client, close: () => server.close() };
  },
  sentinel: () => RedisSentinels.start(certificate),
  cluster: () => RedisCluster.start({ tls: certificate }),
};

describe.each(Object.entries(SERVERS))('over TLS, with certificates on both sides, %s', (_mode, open) => {
  it('everything arrives', async () => {
    const app = await startApp(TLS, undefined, open);
    try {
      await aKey(app, (await aMaster(app)).id);
      await app.sync();
      expect(await actualImage(app.redis)).toEqual(await desiredImage(app.dsn));
      expect((await app.admin.get('/admin/sync/status')).body.state).toBe('ok');
    } finally {
      await app.close();
    }
  }, 90_000);
});
