import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { redisKeys } from '../../src/contract/redis-keys.js';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, tokenHash } from '../support/gateway.js';
import { actualImage, desiredImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { RedisSentinels } from '../support/redis-sentinels.js';

describe('when sentinels promote a replica that lagged behind', () => {
  let redis: RedisSentinels;
  let app: TestApp;

  beforeAll(async () => {
    redis = await RedisSentinels.start();
    app = await startApp({}, undefined, () => Promise.resolve(redis));
  }, 60_000);
  afterAll(() => app.close());

  it('what it never had is noticed by the marker that lies beside it, and made good', async () => {
    const master = await aMaster(app);
    const [kept, revoked] = [await aKey(app, master.id), await aKey(app, master.id)];
    await app.sync();
    await until(
      async () => (await redis.replica.client.hget(redisKeys.token(tokenHash(revoked.token)), 'status')) === 'active',
    );
    await redis.master.forget(redis.replica);
    const path = `/admin/masters/${master.id}/keys/${revoked.id}/revoke?wait=applied&timeout_ms=30000`;
    expect((await app.admin.post(path)).headers.get('ez-propagation')).toBe('applied');
    const before = await redis.replica.client.hget(redisKeys.marker, 'version');
    await redis.master.kill();
    const statusOf = (token: string) => redis.replica.client.hget(redisKeys.token(tokenHash(token)), 'status');
    expect(await statusOf(revoked.token)).toBe('active');
    await until(async () => (await statusOf(revoked.token)) === 'revoked');
    await app.sync();
    expect(await redis.replica.client.hget(redisKeys.marker, 'version')).not.toBe(before);
    expect(await statusOf(kept.token)).toBe('active');
    expect(await actualImage(redis.replica.client)).toEqual(await desiredImage(app.dsn));
    await until(async () => (await app.admin.get('/admin/sync/status')).body.state === 'ok');
  }, 90_000);
});
