import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { redisKeys } from '../../src/contract/redis-keys.js';
import { startApp, type TestApp } from '../support/app.js';
import { providerIn } from '../support/balancer.js';
import { aKey, aMaster, aProviderGroup, anApiKey, tokenHash, unused } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { actualImage, desiredImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { hashOfKey, openRoad, type Road } from './road.js';

/** More than is brought to Redis one by one. */
const MASS = 50_100;
const PATIENCE_MS = 300_000;

describe('while a master with very many keys waits for a full snapshot', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await app.db.query(MASS_OF_KEYS);
    await until(async () => (await version()) === '1', PATIENCE_MS);
  }, PATIENCE_MS);
  afterAll(() => app.close());

  const version = (): Promise<string | null> => app.redis.hget(redisKeys.marker, 'version');
  const statusOf = async (token: string): Promise<string | null> =>
    app.redis.hget(redisKeys.token(tokenHash(token)), 'status');

  async function held(): Promise<Json> {
    const { body } = await app.admin.get('/admin/sync/status');
    return body.holds.find(({ cause }: Json) => cause === 'snapshot');
  }

  it(
    'what others change reaches Redis all the same, though the snapshot waits to be confirmed',
    async () => {
      const other = await aMaster(app);
      const [kept, revoked] = [await aKey(app, other.id), await aKey(app, other.id)];
      const apiKey = await anApiKey(app, (await aProviderGroup(app)).id);
      await app.sync();
      // By hand: too much to be left out unasked.
      await app.db.query('DELETE FROM features');
      const before = await version();
      await app.admin.patch('/admin/masters/1', { group: 'vip' });
      await until(async () => (await held()) !== undefined);
      await app.admin.patch(`/admin/api-keys/${apiKey.id}`, { status: 'manual_disabled' });
      await app.admin.patch(`/admin/masters/${other.id}/keys/${kept.id}`, { weight: 7 });
      await app.admin.post(`/admin/masters/${other.id}/keys/${revoked.id}/revoke`);
      const later = await aKey(app, (await aMaster(app)).id);
      await until(async () => (await providerIn(app, apiKey.id)).status === 'manual_disabled');
      await until(async () => (await app.redis.hget(redisKeys.token(tokenHash(kept.token)), 'weight')) === '7');
      await until(async () => (await statusOf(later.token)) === 'active');
      await until(async () => (await statusOf(revoked.token)) === 'revoked');
      expect(await version()).toBe(before);
      await app.admin.post('/admin/sync/confirm', { id: (await held()).id });
      await until(async () => (await version()) !== before, PATIENCE_MS);
      expect(await app.redis.hget(redisKeys.token(hashOfKey(MASS)), 'group')).toBe('vip');
      expect([await statusOf(later.token), await statusOf(revoked.token)]).toEqual(['active', 'revoked']);
      expect(app.logs.join('')).toContain('full snapshot: backlog');
    },
    PATIENCE_MS,
  );
});

describe('a full snapshot of a backlog', () => {
  let road: Road;

  beforeAll(async () => {
    road = await openRoad(MASS, 500);
    await road.snapshot();
  }, PATIENCE_MS);
  afterAll(() => road.close());

  const feature = (name: string): Promise<void> =>
    road.commit(`INSERT INTO features (name, value) VALUES ('${name}', 'true')`, 'feature', [name]);

  it(
    'lets pass what is committed before it and while it runs, and the marker rises only at its end',
    async () => {
      const before = (await road.head()).version;
      const [earlier, meanwhile] = [unused('earlier'), unused('meanwhile')];
      await feature(earlier);
      await road.commit(`UPDATE masters SET "group" = 'vip'`, 'master', ['1']);
      await road.commit('SELECT', 'master_keys', ['1']);
      const progress = await road.increment.run(await road.tools.store.readMarker(), '1');
      expect(progress).toMatchObject({ standing: 'backlog', isAhead: true });
      expect(await road.redis.hexists(redisKeys.features, earlier)).toBe(1);
      let pages = 0;
      let acting: Promise<void> | undefined;
      const seen: Promise<[number, string | null]>[] = [];
      const look = async (): Promise<[number, string | null]> =>
        Promise.all([road.redis.hexists(redisKeys.features, meanwhile), road.redis.hget(redisKeys.marker, 'version')]);
      await road.snapshot({
        before: 'behind',
        hasNews: () => {
          if (++pages === 10) acting = feature(meanwhile);
          if (pages > 40) seen.push(look());
          return pages > 10;
        },
      });
      await acting;
      expect(await Promise.all(seen)).toContainEqual([1, before]);
      expect(await road.redis.hget(redisKeys.token(hashOfKey(MASS)), 'group')).toBe('vip');
      const entries = await road.redis.xrange(redisKeys.changes, '-', '+');
      const named = entries.map(([, fields]) => fields.slice(2).join(' '));
      expect(named).toContain(`kind feature ref ${meanwhile} op put`);
      expect(isDeepStrictEqual(await actualImage(road.redis), await desiredImage(road.dsn))).toBe(true);
    },
    PATIENCE_MS,
  );
});

const MASS_OF_KEYS = `
  INSERT INTO masters (id, name, master_key_hash, master_key_hint) OVERRIDING SYSTEM VALUE VALUES (1, 'm', 'h', 'x');
  INSERT INTO keys (id, master_id, name) SELECT n, 1, 'k' || n FROM generate_series(1, ${MASS}) n;
  INSERT INTO key_secrets (key_id, token_hash, hint) SELECT n, lpad(to_hex(n), 64, '0'), 'x' FROM generate_series(1, ${MASS}) n;
  INSERT INTO features (name, value) SELECT 'f' || n, 'true' FROM generate_series(1, 150) n;
  INSERT INTO sync_resource (kind, ref, version, deleted)
    SELECT 'key', token_hash, 1, false FROM key_secrets
     UNION ALL SELECT 'feature', name, 1, false FROM features
     UNION ALL SELECT 'master', '1', 1, false;
  SELECT setval(pg_get_serial_sequence('masters', 'id'), 1), setval(pg_get_serial_sequence('keys', 'id'), ${MASS});
  UPDATE sync_head SET version = version + 1`;
