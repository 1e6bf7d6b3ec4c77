import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BanSweeper } from '../../src/modules/api-keys/ban-sweeper.js';
import { startApp, type TestApp } from '../support/app.js';
import { bindingIn, providerIn } from '../support/balancer.js';
import { aNamespace, anApiKey, aProviderGroup, created } from '../support/gateway.js';

const inMilliseconds = (ms: number): string => new Date(Date.now() + ms).toISOString();
const HOUR = 3_600_000;

describe('API keys that are banned', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const aKey = async (fields: object = {}) => anApiKey(app, (await aProviderGroup(app)).id, fields);
  const aBinding = async (groupId: number) =>
    created(app, '/admin/bindings', {
      namespace: await aNamespace(app),
      public_model: 'gpt-4o',
      group_id: groupId,
    });
  const candidateIn = async (binding: { namespace: string; public_model: string }) =>
    (await bindingIn(app, binding)).candidates[0];
  const headVersion = async (): Promise<string> =>
    (await app.db.query<{ version: string }[]>('SELECT version FROM sync_head'))[0]!.version;

  it('serve no more, and balancers see until when', async () => {
    const { id } = await aKey();
    const until = '2099-01-01T00:00:00.000Z';
    const ban = { reason: 'upstream answered 401', until };
    const { status, body } = await app.admin.post(`/admin/api-keys/${id}/ban?wait=applied&timeout_ms=30000`, ban);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'auto_disabled', ban_reason: ban.reason, ban_until: until });
    expect(await providerIn(app, id)).toMatchObject({ status: 'auto_disabled', ban_until: Date.parse(until) / 1000 });

    const lifted = await app.admin.post(`/admin/api-keys/${id}/unban?wait=applied&timeout_ms=30000`);
    expect(lifted.body).toMatchObject({ status: 'active', ban_reason: '', ban_until: null });
    expect(await providerIn(app, id)).not.toHaveProperty('ban_until');
  });

  it('may be banned again, which replaces the ban', async () => {
    const { id } = await aKey();
    await app.admin.post(`/admin/api-keys/${id}/ban`, { reason: 'one', until: inMilliseconds(HOUR) });
    const { body } = await app.admin.post(`/admin/api-keys/${id}/ban`, { reason: 'two' });
    expect(body).toMatchObject({ ban_reason: 'two', ban_until: null });
  });

  it('are lifted by an operator who sets their status', async () => {
    const { id } = await aKey();
    await app.admin.post(`/admin/api-keys/${id}/ban`, { reason: 'one', until: inMilliseconds(HOUR) });
    const { body } = await app.admin.patch(`/admin/api-keys/${id}`, { status: 'manual_disabled' });
    expect(body).toMatchObject({ status: 'manual_disabled', ban_reason: '', ban_until: null });
  });

  it('leave the words ban and unban in the operation log', async () => {
    const { id } = await aKey();
    await app.admin.post(`/admin/api-keys/${id}/ban`, { reason: 'x' });
    await app.admin.post(`/admin/api-keys/${id}/unban`);
    const { data } = (await app.admin.get(`/admin/operation-logs?resource=api%20key&resource_id=${id}`)).body;
    expect(data.map(({ action }: { action: string }) => action)).toEqual(['unban', 'ban', 'create']);
  });

  it.each([
    ['no reason', {}, '/reason'],
    ['an empty reason', { reason: '' }, '/reason'],
    ['an end that is no date', { reason: 'x', until: 'soon' }, '/until'],
  ])('are refused with 400 for %s', async (_what, ban, pointer) => {
    const { id } = await aKey();
    const { status, body } = await app.admin.post(`/admin/api-keys/${id}/ban`, ban);
    expect([status, body.errors[0].pointer]).toEqual([400, pointer]);
  });

  it('are refused with 422 for an end that has passed', async () => {
    const { id } = await aKey();
    const ban = { reason: 'x', until: inMilliseconds(-1) };
    const { status, body } = await app.admin.post(`/admin/api-keys/${id}/ban`, ban);
    expect([status, body.errors[0].pointer]).toEqual([422, '/until']);
  });

  it('are refused with 409 when an operator has disabled them', async () => {
    const { id } = await aKey({ status: 'manual_disabled' });
    expect((await app.admin.post(`/admin/api-keys/${id}/ban`, { reason: 'x' })).status).toBe(409);
  });

  it('cannot be lifted when there is no ban, or only an expiry', async () => {
    for (const fields of [{}, { status: 'manual_disabled' }]) {
      const { id } = await aKey(fields);
      expect((await app.admin.post(`/admin/api-keys/${id}/unban`)).status).toBe(409);
    }
    const { id } = await aKey({ status: 'auto_disabled', expires_at: inMilliseconds(-HOUR) });
    const { status, body } = await app.admin.post(`/admin/api-keys/${id}/unban`);
    expect([status, body.detail]).toEqual([409, expect.stringContaining('expired')]);
  });

  describe('in the course of time', () => {
    const sweep = () => app.nest.get(BanSweeper).sweep();
    const pass = (id: number, columns: string) => app.db.query(`UPDATE api_keys SET ${columns} WHERE id = $1`, [id]);
    const over = `now() - interval '1 second'`;

    it('are lifted when their ban is over, by the system, in Redis too', async () => {
      const group = await aProviderGroup(app);
      const binding = await aBinding(group.id);
      const { id } = await anApiKey(app, group.id);
      await app.admin.post(`/admin/api-keys/${id}/ban`, { reason: 'x', until: inMilliseconds(HOUR) });
      await pass(id, `ban_until = ${over}`);
      await sweep();
      expect((await app.admin.get(`/admin/api-keys/${id}`)).body).toMatchObject({
        status: 'active',
        ban_reason: '',
        ban_until: null,
      });
      await app.sync();
      expect(await candidateIn(binding)).toMatchObject({ upstreams: { [id]: 'gpt-4o' } });
      const { data } = (await app.admin.get(`/admin/operation-logs?resource=api%20key&resource_id=${id}`)).body;
      expect(data[0]).toMatchObject({ action: 'unban', actor_type: 'system' });
    });

    it('are disabled when they expire', async () => {
      const group = await aProviderGroup(app);
      const binding = await aBinding(group.id);
      const { id } = await anApiKey(app, group.id, { expires_at: inMilliseconds(HOUR) });
      await pass(id, `expires_at = ${over}`);
      await sweep();
      const { body } = await app.admin.get(`/admin/api-keys/${id}`);
      expect(body).toMatchObject({ status: 'auto_disabled', ban_reason: 'expired', ban_until: null });
      await app.sync();
      expect(await candidateIn(binding)).toMatchObject({ error: 'no_provider' });
    });

    it('stay disabled when a ban ends after they have expired', async () => {
      const { id } = await aKey({ expires_at: inMilliseconds(HOUR) });
      await app.admin.post(`/admin/api-keys/${id}/ban`, { reason: 'x', until: inMilliseconds(HOUR) });
      await pass(id, `expires_at = ${over}, ban_until = ${over}`);
      await sweep();
      const { body } = await app.admin.get(`/admin/api-keys/${id}`);
      expect(body).toMatchObject({ status: 'auto_disabled', ban_reason: 'expired', ban_until: null });
    });

    it('take no version when nothing is due, and are swept once however many sweep', async () => {
      await sweep();
      const before = await headVersion();
      await sweep();
      expect(await headVersion()).toBe(before);

      const { id } = await aKey({ expires_at: inMilliseconds(HOUR) });
      await pass(id, `expires_at = ${over}`);
      const made = Number(await headVersion());
      const other = new BanSweeper(
        ...(Object.values(app.nest.get(BanSweeper)).slice(0, 3) as ConstructorParameters<typeof BanSweeper>),
      );
      await Promise.all([sweep(), other.sweep()]);
      expect(Number(await headVersion())).toBe(made + 1);
    });
  });
});
