import { describe, expect, it } from '@jest/globals';
import { aKey } from '../support/gateway.js';
import { aBatch, dayAfter, inRedis, keyOf, settled } from './balancing.js';
import { twoReplicas } from './replicas.js';

const at = twoReplicas();

describe('a quota', () => {
  it('that is used up closes the key to balancers, and a higher limit opens it again', async () => {
    const key = await aKey(at.app, at.master, { quota_limit: 10 });
    await settled(at.app, aBatch({ key_id: key.id, quota_units: 9 }));
    await at.app.sync();
    expect(await inRedis(at, key, 'status', 'quota_period')).toEqual(['active', 'all']);
    await settled(at.app, aBatch({ key_id: key.id, quota_units: 5, period: 'all' }));
    await at.app.sync();
    expect(await inRedis(at, key, 'status')).toEqual(['exhausted']);
    expect(await keyOf(at.app, key)).toMatchObject({ exhausted: true, quota_used: 14 });

    await at.app.admin.patch(`/admin/masters/${at.master}/keys/${key.id}`, { quota_limit: 15 });
    await at.app.sync();
    expect(await inRedis(at, key, 'status')).toEqual(['active']);
    await settled(at.app, aBatch({ key_id: key.id, quota_units: 1 }));
    await at.app.sync();
    expect(await inRedis(at, key, 'status')).toEqual(['exhausted']);
  });

  it('is used by whatever was on its way when the calendar changed', async () => {
    const key = await aKey(at.app, at.master, { quota_limit: 3 });
    const [path, today] = [`/admin/masters/${at.master}/keys/${key.id}`, dayAfter(0)];
    await at.app.admin.patch(path, { quota_reset_type: 'weekly' });
    await settled(at.app, aBatch({ key_id: key.id, quota_units: 1, period: 'all' }));
    await settled(at.app, aBatch({ key_id: key.id, quota_units: 1, period: today }));
    await at.app.admin.patch(path, { quota_reset_type: 'none' });
    await settled(at.app, aBatch({ key_id: key.id, quota_units: 1, period: today }));
    expect(await keyOf(at.app, key)).toMatchObject({ quota_used: 3, exhausted: true });
    expect((await at.app.admin.post('/admin/usage/reconcile', {})).body.differences).toEqual([]);
  });

  it('that is used up stands in the operation log', async () => {
    const key = await aKey(at.app, at.master, { quota_limit: 1 });
    await settled(at.app, aBatch({ key_id: key.id, quota_units: 2 }));
    const { body } = await at.app.admin.get(`/admin/operation-logs?resource=key&resource_id=${key.id}`);
    expect(body.data[0]).toMatchObject({ action: 'exhaust', actor_type: 'internal', after: { quota_used: 2 } });
  });
});
