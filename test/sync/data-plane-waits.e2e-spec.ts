import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Reader } from '../../clients/reader/reader.js';
import { startApp, type TestApp } from '../support/app.js';
import { unused } from '../support/gateway.js';
import type { Answer, Json } from '../support/http.js';
import { until } from '../support/launcher.js';

const PATIENCE_MS = 30_000;

describe('a write', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await app.sync();
  });
  afterAll(() => app.close());

  const write = (query: string): Promise<Answer> =>
    app.admin.post(`/admin/features${query}`, { name: unused('feature'), value: true });

  const status = async (): Promise<Json> => (await app.admin.get('/admin/sync/status')).body;
  const headVersion = async (): Promise<string> => (await status()).head.version;

  it('waits until the last of fifty data planes serves it', async () => {
    const { host, port, password, db } = app.redis.options;
    const [redis, subscriber] = [new Redis({ host, port, password, db }), new Redis({ host, port, password, db })];
    subscriber.setMaxListeners(100);
    const nodes = Array.from({ length: 50 }, (_, i) => `node-${i}`);
    const readers = nodes.map((node) => new Reader({ redis, subscriber, node, software: 'fifty' }));
    for (const reader of readers) reader.start();
    try {
      await until(async () => (await status()).data_planes.nodes.length === 50);
      const answer = await write(`?wait=dp&timeout_ms=${PATIENCE_MS}`);
      expect(answer.headers.get('ez-propagation')).toBe('applied');
      const behind = readers.filter(({ version }) => BigInt(version.version) < BigInt(answer.body.version));
      expect(behind).toEqual([]);
      expect((await status()).data_planes.summary).toBe('All 50 data planes follow');
    } finally {
      await Promise.all(readers.map((reader) => reader.stop()));
      redis.disconnect();
      subscriber.disconnect();
    }
  });

  it.each(['wait=all', 'wait=dp&timeout_ms=0', 'timeout_ms=5'])(
    'is refused with ?%s before anything is written',
    async (query) => {
      const before = await headVersion();
      expect((await write(`?${query}`)).status).toBe(400);
      expect(await headVersion()).toBe(before);
    },
  );
});
