import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Key } from '../../src/modules/keys/key.entity.js';
import { OverlapSweeper } from '../../src/modules/keys/overlap-sweeper.js';
import { Outbox } from '../../src/outbox/outbox.js';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, tokenHash } from '../support/gateway.js';

describe('secrets at the end of the overlap of a rotation', () => {
  let app: TestApp;
  let master: number;
  let keys: string;

  beforeAll(async () => {
    app = await startApp();
    master = (await aMaster(app)).id;
    keys = `/admin/masters/${master}/keys`;
  });
  afterAll(() => app.close());

  const rotate = (id: number, body: object) => app.admin.post(`${keys}/${id}/rotate?wait=applied`, body);
  const statusOf = (token: string) => app.redis.hget(`auth:token:${tokenHash(token)}`, 'status');
  const sweep = () => app.nest.get(OverlapSweeper).run();
  const head = async () => (await app.db.query('SELECT version FROM sync_head'))[0].version;
  const aKeyAtTheEnd = async () => {
    const key = await aKey(app, master);
    const { body } = await rotate(key.id, { overlap_seconds: 60 });
    await app.db.query(`UPDATE key_secrets SET expires_at = now() - interval '1 second' WHERE id = $1`, [
      body.secrets[0].id,
    ]);
    return { id: key.id, old: key.token, current: body.token, version: body.version };
  };

  it('are revoked by the system, with a line in the log and a new version of the key', async () => {
    const { id, old, current, version } = await aKeyAtTheEnd();
    await sweep();
    await app.sync();
    const { body } = await app.admin.get(`${keys}/${id}`);
    expect(body.secrets).toMatchObject([{ revoked_at: expect.any(String) }, { revoked_at: null }]);
    expect(BigInt(body.version)).toBeGreaterThan(BigInt(version));
    expect([await statusOf(old), await statusOf(current)]).toEqual(['revoked', 'active']);
    const { data } = (await app.admin.get(`/admin/operation-logs?resource=key&resource_id=${id}&action=end_overlap`))
      .body;
    expect(data).toMatchObject([{ actor_type: 'system', before: { secrets: [{ revoked_at: null }, {}] } }]);
  });

  it('take no version when there is nothing to end', async () => {
    await sweep();
    const before = await head();
    await sweep();
    expect(await head()).toBe(before);
  });

  it('are left to whoever has the key, and ended later', async () => {
    const { id, old } = await aKeyAtTheEnd();
    const before = await head();
    const other = app.db.createQueryRunner();
    await other.startTransaction();
    await other.query('SELECT 1 FROM keys WHERE id = $1 FOR NO KEY UPDATE', [id]);
    await sweep();
    expect(await head()).toBe(before);
    await other.rollbackTransaction();
    await other.release();
    await sweep();
    await app.sync();
    expect(await statusOf(old)).toBe('revoked');
  });

  it('are ended once when several replicas sweep', async () => {
    const ended = [await aKeyAtTheEnd(), await aKeyAtTheEnd(), await aKeyAtTheEnd()];
    const replicas = [1, 2, 3].map(() => new OverlapSweeper(app.nest.get(Outbox), app.db.getRepository(Key)));
    await Promise.all(replicas.map((replica) => replica.run()));
    for (const { id } of ended) {
      const { total } = (await app.admin.get(`/admin/operation-logs?resource=key&resource_id=${id}&action=end_overlap`))
        .body;
      expect(total).toBe(1);
    }
  });
});
