import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, aNamespace, anApiKey, aProviderGroup, created, tokenHash } from '../support/gateway.js';

describe('POST /admin/explain', () => {
  let app: TestApp;
  let namespace: string;
  let master: { id: number };
  let group: { id: number };
  let apiKey: { id: number };

  beforeAll(async () => {
    app = await startApp();
    namespace = await aNamespace(app);
    master = await aMaster(app, { namespaces: [namespace], default_namespace: namespace });
    group = await aProviderGroup(app, { models: ['gpt-4o-2024-11-20'] });
    apiKey = await anApiKey(app, group.id);
    await created(app, '/admin/bindings', {
      namespace,
      public_model: 'gpt-4o',
      group_id: group.id,
      selector_type: 'regex',
      selector_value: '^gpt-4o',
    });
  });
  afterAll(() => app.close());

  const explain = async (question: object) => (await app.admin.post('/admin/explain', question)).body;

  it('says where a request would go, by token or by its hash, by bare name or by full name', async () => {
    const { id, token } = await aKey(app, master.id);
    const body = await explain({ token, model: 'gpt-4o' });
    expect(body).toMatchObject({
      verdict: 'served',
      sentence: `Served: the request goes to "gpt-4o-2024-11-20" at provider group ${group.id} (1 API key).`,
      key: { id, master_id: master.id, route_group: 'default', namespaces: [namespace], default_namespace: namespace },
      model: { namespace, public_model: 'gpt-4o' },
      candidates: [{ group_id: group.id, reason: null, error: null, provider_ids: [apiKey.id] }],
    });
    expect(body.checks.map(({ outcome }: { outcome: string }) => outcome)).toEqual(Array(10).fill('passed'));
    expect((await explain({ token_hash: tokenHash(token), model: `${namespace}.gpt-4o` })).verdict).toBe('served');
  });

  it('agrees with what Redis says of the key', async () => {
    const { id, token } = await aKey(app, master.id, { group: 'vip' });
    await app.sync();
    const record = await app.redis.hgetall(`auth:token:${tokenHash(token)}`);
    const { key, sentence } = await explain({ token, model: 'gpt-4o' });
    expect([key.route_group, key.default_namespace]).toEqual([record.group, record.default_namespace]);
    expect(key.namespaces.join(',')).toBe(record.namespaces);
    expect(sentence).toContain('None serves the route group "vip"');

    await app.admin.post(`/admin/masters/${master.id}/keys/${id}/revoke`);
    expect((await explain({ token, model: 'gpt-4o' })).sentence).toMatch(/revoked/);
  });

  it('says why a request would be refused, and what else is wrong with it', async () => {
    const { token } = await aKey(app, master.id, { status: 'suspended', allow_ips: ['192.0.2.0/24'] });
    const body = await explain({ token, model: 'nothing.gpt-4o', ip: '::ffff:198.51.100.1' });
    expect(body.sentence).toBe('Refused: The key is suspended.');
    const failed = body.checks.filter(({ outcome }: { outcome: string }) => outcome === 'failed');
    expect(failed.map(({ name }: { name: string }) => name)).toEqual([
      'status',
      'address',
      'namespace_allowed',
      'namespace',
      'binding',
      'candidates',
    ]);
  });

  it('reads a bare name with a dot as balancers do', async () => {
    const { token } = await aKey(app, master.id);
    const body = await explain({ token, model: 'gpt-4.1' });
    expect(body.model).toEqual({ namespace: 'gpt-4', public_model: '1' });
  });

  it('shows what a candidate resolves to, or why to nothing', async () => {
    const { token } = await aKey(app, master.id);
    const binding = await created(app, '/admin/bindings', { namespace, public_model: 'o3', group_id: group.id });
    const body = await explain({ token, model: 'o3' });
    expect(body.candidates).toMatchObject([
      {
        binding_id: binding.id,
        error: 'config_error',
        reason: expect.stringContaining('hits none'),
        upstream_model: null,
      },
    ]);
    expect(body.verdict).toBe('refused');
  });

  it.each([{}, { token: null }, { token: null, token_hash: null }])('needs a token or its hash: %j', async (given) => {
    const { status, body } = await app.admin.post('/admin/explain', { ...given, model: 'gpt-4o' });
    expect([status, body.errors[0].pointer]).toEqual([400, '/token']);
  });

  it('takes a null for the one that is not given', async () => {
    const token_hash = tokenHash('ezk_nobody');
    expect(await explain({ token: null, token_hash, model: 'gpt-4o' })).toMatchObject({
      verdict: 'refused',
      key: null,
    });
  });

  it('refuses a token that nobody has, and echoes none', async () => {
    const token = 'ezk_canary_0123456789';
    const body = await explain({ token, model: 'gpt-4o' });
    expect(body).toMatchObject({ verdict: 'refused', key: null, model: null, candidates: [] });
    const answers = [
      body,
      await explain({ token, model: 'gpt-4o', ip: 'nowhere' }),
      await explain({ token: [token], model: 'gpt-4o' }),
      await explain({ token, token_hash: tokenHash(token), model: 'gpt-4o' }),
    ];
    expect(JSON.stringify([answers, app.logs])).not.toMatch(/canary/);
    expect(JSON.stringify([answers, app.logs])).not.toContain(tokenHash(token));
  });

  it('tells a token that was mistyped from one whose key is gone', async () => {
    const { id, token } = await aKey(app, master.id);
    await app.admin.delete(`/admin/masters/${master.id}/keys/${id}`);
    const typo = token.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x'));
    expect((await explain({ token, model: 'gpt-4o' })).sentence).toContain('Its key was deleted');
    expect((await explain({ token: typo, model: 'gpt-4o' })).sentence).toContain('mistyped');
    expect((await explain({ token: 'sk-of-elsewhere', model: 'gpt-4o' })).sentence).toContain('never was here');
  });

  it.each([
    ['no key', { model: 'gpt-4o' }, '/token'],
    ['two keys', { token: 'x', token_hash: tokenHash('x'), model: 'gpt-4o' }, '/token'],
    ['a hash that is none', { token_hash: 'ABC', model: 'gpt-4o' }, '/token_hash'],
    ['no model', { token: 'x' }, '/model'],
    ['an address that is none', { token: 'x', model: 'gpt-4o', ip: '10.0.0.0/8' }, '/ip'],
    ['an unknown field', { token: 'x', model: 'gpt-4o', colour: 'red' }, '/colour'],
  ])('answers 400 for %s', async (_what, question, pointer) => {
    const { status, body } = await app.admin.post('/admin/explain', question);
    expect([status, body.errors[0]?.pointer]).toEqual([400, pointer]);
  });

  it('is for operators only', async () => {
    expect((await app.anyone.post('/admin/explain', { token: 'x', model: 'gpt-4o' })).status).toBe(401);
  });
});
