import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, tokenHash, unused, type KeyBody } from '../support/gateway.js';
import { actualImage, desiredImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { PostgresPair } from '../support/postgres-pair.js';

const LOST = 5;

interface Version {
  gen: string;
  version: string;
}

describe('when an asynchronous replica of PostgreSQL that misses commits is promoted', () => {
  let pair: PostgresPair;
  let app: TestApp;
  let master: { id: number };
  let key: KeyBody;

  beforeEach(async () => {
    pair = await PostgresPair.start();
    app = await startApp({}, () => pair.dsn);
    master = await aMaster(app);
    key = await aKey(app, master.id);
    await app.admin.post('/admin/namespaces', { name: 'kept' });
    await app.sync();
    const { version } = await marker();
    await until(async () => (await headOfStandby()).version === version);
    await pair.cutReplication();
    for (let i = 0; i < LOST; i++) await app.admin.post('/admin/namespaces', { name: unused('lost') });
    await app.sync();
  }, 120_000);
  afterEach(async () => {
    await app.close();
    await pair.stop();
  }, 60_000);

  const marker = async (): Promise<Version> => (await app.redis.hgetall('config:meta')) as unknown as Version;

  const headOfStandby = async (): Promise<Version> =>
    (await pair.onStandby<Version>('SELECT gen::text, version::text FROM sync_head'))[0]!;

  const untilEqual = (): Promise<void> =>
    until(async () => {
      const wanted = await desiredImage(pair.dsn).catch(() => undefined);
      return wanted !== undefined && isDeepStrictEqual(await actualImage(app.redis), wanted);
    });

  const untilNextGeneration = async (before: Version): Promise<Version> => {
    const next = String(BigInt(before.gen) + 1n);
    await until(async () => (await marker()).gen === next);
    return marker();
  };

  it('a new generation begins, with an alarm that names the lost versions', async () => {
    const before = await marker();
    const survived = (await headOfStandby()).version;
    await pair.promote();
    await pair.admitClients();
    const after = await untilNextGeneration(before);
    expect(BigInt(after.version)).toBeGreaterThanOrEqual(BigInt(before.version));
    await untilEqual();
    expect(await app.redis.hkeys('config:namespaces')).toEqual(['kept']);
    const logs = app.logs.join('');
    expect(logs).toContain(`goes on with timeline 00000002 at version ${survived}, where it was on 00000001`);
    expect(logs).toContain(`Versions after ${survived} up to ${before.version} are lost`);
  }, 120_000);

  it('a new generation begins, though it has come as far by its number before anybody looks', async () => {
    const before = await marker();
    await pair.promote();
    await pair.onStandby('UPDATE sync_head SET version = $1', [before.version]);
    await pair.onStandby('UPDATE key_secrets SET revoked_at = now()');
    await pair.onStandby(`UPDATE sync_resource SET version = $1 WHERE kind = 'key'`, [before.version]);
    await pair.admitClients();
    await untilNextGeneration(before);
    await untilEqual();
    expect(await app.redis.hget(`auth:token:${tokenHash(key.token)}`, 'status')).toBe('revoked');
    expect(app.logs.join('')).toContain('PostgreSQL went back in time: it goes on with timeline 00000002');
  }, 120_000);
});
