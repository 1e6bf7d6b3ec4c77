import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { changesSince } from '../../src/sync/head.js';
import { changedAfter, countResources, listResources, pendingByKind } from '../../src/sync/sync-resources.js';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, tokenHash } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { actualImage, desiredImage } from '../support/image.js';
import { hashOfKey, openRoad, revoke, type Road } from './road.js';

const KEYS = 120;

describe('a change of a master', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const tokenField = (token: string, field: string): Promise<string | null> =>
    app.redis.hget(`auth:token:${tokenHash(token)}`, field);

  async function expectEqual(): Promise<void> {
    await app.sync();
    expect(await actualImage(app.redis)).toEqual(await desiredImage(app.dsn));
    const { body } = await app.admin.post('/admin/sync/reconcile');
    expect(body.run).toMatchObject({ error: null, drift: [] });
  }

  it('is one of all its keys, at one version, and touches no row of theirs', async () => {
    const [master, other] = [await aMaster(app), await aMaster(app)];
    const keys = await Promise.all(Array.from({ length: 5 }, () => aKey(app, master.id)));
    const bystander = await aKey(app, other.id);
    const { headers } = await app.admin.post(`/admin/masters/${master.id}/manage`, { action: 'suspend' });
    const version = headers.get('ez-config-version')!.split('.')[1]!;
    await expectEqual();
    for (const { token } of keys) {
      expect([await tokenField(token, 'status'), await tokenField(token, 'ver')]).toEqual(['suspended', version]);
    }
    expect(await tokenField(bystander.token, 'status')).toBe('active');
    const touched = await app.db.query<Json[]>('SELECT kind, ref FROM sync_resource WHERE version = $1 ORDER BY kind', [
      version,
    ]);
    expect(touched).toEqual(['master', 'master_keys'].map((kind) => ({ kind, ref: String(master.id) })));
  });

  it('leaves a secret that was revoked before as it was, and one that is made after it newer', async () => {
    const master = await aMaster(app);
    const [revoked, kept] = [await aKey(app, master.id), await aKey(app, master.id)];
    const end = await app.admin.post(`/admin/masters/${master.id}/keys/${revoked.id}/revoke`);
    await app.admin.post(`/admin/masters/${master.id}/manage`, { action: 'bump_epoch' });
    const later = await aKey(app, master.id);
    await expectEqual();
    expect(await tokenField(revoked.token, 'ver')).toBe(end.headers.get('ez-config-version')!.split('.')[1]);
    expect(await tokenField(later.token, 'ver')).toBe(later.version);
    expect(await app.redis.hget('config:keys', tokenHash(kept.token))).toContain('"epoch":2');
  });

  it('is undone for keys that are deleted after it', async () => {
    const master = await aMaster(app);
    const key = await aKey(app, master.id);
    await app.admin.patch(`/admin/masters/${master.id}`, { group: 'vip' });
    await app.admin.delete(`/admin/masters/${master.id}`);
    await expectEqual();
    expect(await tokenField(key.token, 'status')).toBe('revoked');
  });
});

describe('a change of a master with many keys', () => {
  let road: Road;

  beforeAll(async () => {
    road = await openRoad(KEYS);
    await revoke(road, 1);
    await road.snapshot();
  });
  afterAll(() => road.close());

  const suspend = (): Promise<void> => road.commit(`UPDATE masters SET status = 'suspended'`, 'master_keys', ['1']);
  const activate = (): Promise<void> => road.commit(`UPDATE masters SET status = 'active'`, 'master_keys', ['1']);

  const follow = async (): Promise<void> => {
    const { standing } = await road.increment.run(await road.tools.store.readMarker(), '1');
    expect(['behind', 'current']).toContain(standing);
  };

  const statuses = async (): Promise<Set<string | null>> =>
    new Set(
      await Promise.all(
        Array.from({ length: KEYS - 1 }, (_, n) => road.redis.hget(`auth:token:${hashOfKey(n + 2)}`, 'status')),
      ),
    );

  it('is pending as that many keys', async () => {
    const { version } = await road.head();
    await suspend();
    const { database } = road.tools;
    const pending = changedAfter(version);
    expect(await countResources(database, pending)).toBe(KEYS - 1);
    expect(await pendingByKind(database, pending)).toMatchObject([{ kind: 'key', count: KEYS - 1 }]);
    expect(await listResources(database, pending, 0, 2)).toMatchObject([
      { kind: 'key', ref: hashOfKey(2) },
      { kind: 'key', ref: hashOfKey(3) },
    ]);
    const changes = await changesSince(database, version);
    expect(new Set(changes!.map(({ is_denial }) => is_denial))).toEqual(new Set([true]));
    await follow();
    expect(await statuses()).toEqual(new Set(['suspended']));
    expect(await countResources(database, changedAfter((await road.head()).version))).toBe(0);
  });

  it.each(['following', 'unknown'] as const)(
    'in the middle of a full snapshot of a Redis that is %s is overtaken by nothing',
    async (before) => {
      await activate();
      await follow();
      let pages = 0;
      let acting: Promise<void> | undefined;
      const hasNews = (): boolean => {
        if (++pages === 4) acting = suspend();
        return pages >= 4;
      };
      await road.snapshot({ before, hasNews });
      await acting;
      await follow();
      expect(await statuses()).toEqual(new Set(['suspended']));
    },
  );
});
