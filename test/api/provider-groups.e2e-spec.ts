import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { bindingIn, providerIn } from '../support/balancer.js';
import { aNamespace, anApiKey, aProviderGroup, created, unused } from '../support/gateway.js';

describe('provider groups', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const aBinding = async (groupId: number) =>
    created(app, '/admin/bindings', {
      namespace: await aNamespace(app),
      public_model: 'gpt-4o',
      group_id: groupId,
    });

  it('are created with what the type and the columns give', async () => {
    const name = unused('group');
    const { status, headers, body } = await app.admin.post('/admin/provider-groups', { name, type: 'openai' });
    expect(status).toBe(201);
    expect(headers.get('etag')).toBe(`"${body.version}"`);
    expect(body).toMatchObject({
      name,
      type: 'openai',
      base_url: '',
      google_project: '',
      google_location: '',
      group: 'default',
      models: [],
      status: 'active',
    });
  });

  it('keep types, models and route groups clean, and base URLs canonical', async () => {
    const body = await aProviderGroup(app, {
      type: '  Vertex-Express ',
      group: '  ',
      models: [' gpt-4o', 'gpt-4o', '', '  ', 'o3 '],
      base_url: 'HTTPS://Up.Example:443/v1/../v2',
    });
    expect(body).toMatchObject({
      type: 'vertex-express',
      group: 'default',
      models: ['gpt-4o', 'o3'],
      base_url: 'https://up.example/v2',
    });
  });

  it.each([
    ['an unknown type', { type: 'midjourney' }, '/type'],
    ['no type', { type: undefined }, '/type'],
    ['a model of 257 characters', { models: ['x'.repeat(257)] }, '/models'],
    ['a model that is no text', { models: [7] }, '/models'],
    ['a base URL that is none', { base_url: 'up.example' }, '/base_url'],
    ['a base URL without encryption', { base_url: 'http://up.example/' }, '/base_url'],
    ['a base URL with a password', { base_url: 'https://a:b@up.example/' }, '/base_url'],
    ['a base URL inside the network, however it is written', { base_url: 'https://0xa9.0xfe.0xa9.0xfe/' }, '/base_url'],
    ['a base URL at home', { base_url: 'https://localhost/' }, '/base_url'],
    ['a project that would be another path', { google_project: '../x' }, '/google_project'],
    ['a location with a line break', { google_location: 'eu\n' }, '/google_location'],
    ['an unknown status', { status: 'gone' }, '/status'],
    ['a version', { version: '1' }, '/version'],
  ])('are refused with 400 for %s', async (_what, fields, pointer) => {
    const answer = await app.admin.post('/admin/provider-groups', { name: unused('group'), type: 'openai', ...fields });
    expect([answer.status, answer.body.errors[0]?.pointer]).toEqual([400, pointer]);
  });

  it('are refused with 409 when the name is taken', async () => {
    const { name } = await aProviderGroup(app);
    const { status, body } = await app.admin.post('/admin/provider-groups', { name, type: 'openai' });
    expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'uq_provider_groups_name', '/name']);
  });

  it('change only in the fields that are given, and null clears', async () => {
    const { id, models } = await aProviderGroup(app, { base_url: 'https://up.example/' });
    const cleared = await app.admin.patch(`/admin/provider-groups/${id}`, { base_url: null });
    expect(cleared.body).toMatchObject({ base_url: '', models });
    const replaced = await app.admin.put(`/admin/provider-groups/${id}`, { models: null, type: 'claude' });
    expect(replaced.body).toMatchObject({ models: [], type: 'claude' });
    const refused = await app.admin.patch(`/admin/provider-groups/${id}`, { type: null });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/type']);
    const inside = await app.admin.patch(`/admin/provider-groups/${id}`, { base_url: 'https://10.0.0.1/' });
    expect([inside.status, inside.body.errors[0].pointer]).toEqual([400, '/base_url']);
  });

  it('change only in the version that If-Match names', async () => {
    const { id, version } = await aProviderGroup(app);
    const ifMatch = { 'if-match': `"${version}"` };
    expect((await app.admin.patch(`/admin/provider-groups/${id}`, { models: [] }, ifMatch)).status).toBe(200);
    expect((await app.admin.patch(`/admin/provider-groups/${id}`, { models: ['x'] }, ifMatch)).status).toBe(412);
    expect((await app.admin.delete(`/admin/provider-groups/${id}?cascade=true`, ifMatch)).status).toBe(412);
  });

  it('answer 404 where there is none', async () => {
    expect((await app.admin.get('/admin/provider-groups/999999')).status).toBe(404);
    expect((await app.admin.patch('/admin/provider-groups/999999', { models: [] })).status).toBe(404);
    expect((await app.admin.delete('/admin/provider-groups/999999')).status).toBe(404);
    expect((await app.admin.delete('/admin/provider-groups/999999?cascade=true')).status).toBe(404);
  });

  it('are listed by type, route group, status and text', async () => {
    const word = unused('listed');
    const create = [
      { name: `${word}-1`, type: 'openai' },
      { name: `${word}-2`, type: 'openai', group: 'vip' },
      { name: `${word}-3`, type: 'claude', status: 'disabled' },
    ];
    expect((await app.admin.post('/admin/provider-groups/batch', { create })).status).toBe(200);
    const names = async (query: string) =>
      (await app.admin.get(`/admin/provider-groups?search=${word}&${query}`)).body.data.map(
        (row: { name: string }) => row.name,
      );
    expect(await names('sort=name')).toEqual([`${word}-1`, `${word}-2`, `${word}-3`]);
    expect(await names('type=claude')).toEqual([`${word}-3`]);
    expect(await names('group=vip')).toEqual([`${word}-2`]);
    expect(await names('status=disabled')).toEqual([`${word}-3`]);
    expect((await app.admin.get('/admin/provider-groups?type=midjourney')).status).toBe(400);
  });

  describe('that are deleted', () => {
    it('are gone', async () => {
      const { id } = await aProviderGroup(app);
      expect((await app.admin.delete(`/admin/provider-groups/${id}`)).status).toBe(204);
      expect((await app.admin.get(`/admin/provider-groups/${id}`)).status).toBe(404);
    });

    it('stay with 409 while a binding refers to them', async () => {
      const { id } = await aProviderGroup(app);
      await aBinding(id);
      const { status, body } = await app.admin.delete(`/admin/provider-groups/${id}`);
      expect([status, body.code]).toEqual([409, 'fk_bindings_group_id']);
      expect((await app.admin.get(`/admin/provider-groups/${id}`)).status).toBe(200);
    });

    it('stay with 409 while they have API keys', async () => {
      const { id } = await aProviderGroup(app);
      await anApiKey(app, id);
      const { status, body } = await app.admin.delete(`/admin/provider-groups/${id}?cascade=false`);
      expect([status, body.code]).toEqual([409, 'fk_api_keys_provider_group_id']);
    });

    it('take API keys and bindings along with cascade, in one version, each with its line in the operation log', async () => {
      const group = await aProviderGroup(app);
      const apiKey = await anApiKey(app, group.id);
      const binding = await aBinding(group.id);
      await app.sync();
      const { status, headers } = await app.admin.delete(
        `/admin/provider-groups/${group.id}?cascade=true&wait=applied&timeout_ms=30000`,
        { 'if-match': `"${group.version}"` },
      );
      expect([status, headers.get('ez-propagation')]).toEqual([204, 'applied']);
      expect((await app.admin.get(`/admin/api-keys/${apiKey.id}`)).status).toBe(404);
      expect((await app.admin.get(`/admin/bindings/${binding.id}`)).status).toBe(404);
      expect([await providerIn(app, apiKey.id), await bindingIn(app, binding)]).toEqual([null, null]);

      const version = headers.get('ez-config-version')!.split('.')[1];
      const { data } = (await app.admin.get(`/admin/operation-logs?config_version=${version}&action=delete`)).body;
      const deleted = data.map((line: { resource: string; resource_id: number }) => [line.resource, line.resource_id]);
      expect(deleted.toSorted()).toEqual([
        ['api key', apiKey.id],
        ['binding', binding.id],
        ['provider group', group.id],
      ]);
    });

    it('are not when cascade is neither true nor false', async () => {
      const { id } = await aProviderGroup(app);
      const { status, body } = await app.admin.delete(`/admin/provider-groups/${id}?cascade=yes`);
      expect([status, body.errors[0].pointer]).toEqual([400, '/cascade']);
    });
  });

  describe('in a batch', () => {
    it('become one version, all together', async () => {
      const [kept, gone] = [await aProviderGroup(app), await aProviderGroup(app)];
      const { status, body } = await app.admin.post('/admin/provider-groups/batch', {
        create: [{ name: gone.name, type: 'Claude' }],
        update: [{ id: kept.id, models: ['o3'] }],
        delete: [gone.id],
      });
      expect(status).toBe(200);
      const [{ version }] = body.created;
      expect(body).toMatchObject({
        created: [{ type: 'claude' }],
        updated: [{ models: ['o3'], version }],
        deleted: [gone.id],
      });
    });

    it('name the item that is wrong, and keep nothing', async () => {
      const { id, name } = await aProviderGroup(app);
      const fresh = unused('group');
      const pointerOf = async (body: object) => {
        const answer = await app.admin.post('/admin/provider-groups/batch', body);
        return [answer.status, answer.body.errors[0]?.pointer];
      };
      const good = { name: fresh, type: 'openai' };
      expect(await pointerOf({ create: [good, { name, type: 'openai' }] })).toEqual([409, '/create/1/name']);
      expect(await pointerOf({ create: [good, { ...good, type: 'x' }] })).toEqual([400, '/create/1/type']);
      expect(await pointerOf({ create: [good, { ...good, base_url: 'https://10.1/' }] })).toEqual([
        400,
        '/create/1/base_url',
      ]);
      expect(await pointerOf({ update: [{ id }, { id: 999_999, models: [] }] })).toEqual([404, '/update/1/id']);
      expect((await app.admin.get(`/admin/provider-groups?search=${fresh}`)).body.total).toBe(0);
    });

    it('name the one that is in use', async () => {
      const [free, used] = [await aProviderGroup(app), await aProviderGroup(app)];
      await anApiKey(app, used.id);
      const { status, body } = await app.admin.post('/admin/provider-groups/batch', {
        action: 'delete',
        ids: [free.id, used.id],
      });
      expect([status, body.errors[0]?.pointer]).toEqual([409, '/delete/1/id']);
      expect((await app.admin.get(`/admin/provider-groups/${free.id}`)).status).toBe(200);
    });

    it('take the second form, an action on many', async () => {
      const ids = [(await aProviderGroup(app)).id, (await aProviderGroup(app)).id];
      const { body } = await app.admin.post('/admin/provider-groups/batch', {
        action: 'status',
        ids,
        status: 'disabled',
      });
      expect(body.updated.map((row: { status: string }) => row.status)).toEqual(['disabled', 'disabled']);
      const gone = await app.admin.post('/admin/provider-groups/batch', { action: 'delete', ids });
      expect(gone.body.deleted).toEqual(ids);
    });
  });
});
