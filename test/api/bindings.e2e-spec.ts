import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { bindingIn } from '../support/balancer.js';
import { aNamespace, anApiKey, aProviderGroup, created, unused } from '../support/gateway.js';

describe('bindings', () => {
  let app: TestApp;
  /** A namespace and a group with an API key, for tests that don't change them. */
  let namespace: string;
  let group: { id: number };
  let apiKey: { id: number };

  beforeAll(async () => {
    app = await startApp();
    namespace = await aNamespace(app);
    group = await aProviderGroup(app, { models: ['gpt-4o', 'gpt-4o-mini', 'vendor/Llama-3'] });
    apiKey = await anApiKey(app, group.id);
  });
  afterAll(() => app.close());

  const fieldsOf = (fields: object = {}) => ({
    namespace,
    public_model: unused('model'),
    group_id: group.id,
    selector_value: 'gpt-4o',
    ...fields,
  });
  const aBinding = (fields: object = {}) => created(app, '/admin/bindings', fieldsOf(fields));

  it('are created with defaults, and say what they resolve to', async () => {
    const fields = fieldsOf({ public_model: 'gpt-4o', selector_value: undefined });
    const { status, headers, body } = await app.admin.post('/admin/bindings', fields);
    expect(status).toBe(201);
    expect(headers.get('etag')).toBe(`"${body.version}"`);
    expect(body).toEqual({
      id: expect.any(Number),
      version: headers.get('ez-config-version')!.split('.')[1],
      created_at: expect.any(String),
      updated_at: expect.any(String),
      namespace,
      public_model: 'gpt-4o',
      group_id: group.id,
      route_group: 'default',
      weight: 1,
      selector_type: 'exact',
      selector_value: '',
      status: 'active',
      error: null,
      error_detail: null,
      upstream_model: 'gpt-4o',
      provider_count: 1,
      warnings: [],
    });
    expect((await app.admin.get(`/admin/bindings/${body.id}`)).body).toEqual(body);
  });

  it('reach balancers with one candidate for each row of their name', async () => {
    const public_model = unused('model');
    await aBinding({ public_model });
    await aBinding({ public_model, route_group: ' vip ', selector_value: 'gpt-4o-mini', weight: 5 });
    await app.sync();
    const candidate = { group_id: group.id, selector_type: 'exact', status: 'active' };
    expect(await bindingIn(app, { namespace, public_model })).toMatchObject({
      namespace,
      public_model,
      status: 'active',
      candidates: [
        { ...candidate, route_group: 'default', weight: 1, upstreams: { [apiKey.id]: 'gpt-4o' } },
        { ...candidate, route_group: 'vip', weight: 5, upstreams: { [apiKey.id]: 'gpt-4o-mini' } },
      ],
    });
  });

  it.each([
    ['a namespace with a dot', { namespace: 'a.b' }, '/namespace'],
    ['no namespace', { namespace: undefined }, '/namespace'],
    ['a model with a blank', { public_model: 'a b' }, '/public_model'],
    ['no model', { public_model: undefined }, '/public_model'],
    ['a group that is no id', { group_id: '1' }, '/group_id'],
    ['a weight that is no integer', { weight: 0.5 }, '/weight'],
    ['an unknown selector', { selector_type: 'glob' }, '/selector_type'],
    ['a selector of 257 characters', { selector_value: 'x'.repeat(257) }, '/selector_value'],
    ['a regex that does not compile', { selector_type: 'regex', selector_value: '(' }, '/selector_value'],
    ['a regex that only JavaScript knows', { selector_type: 'regex', selector_value: '(?=a)' }, '/selector_value'],
    ['a back-reference', { selector_type: 'regex', selector_value: String.raw`(a)\1` }, '/selector_value'],
    ['an unknown status', { status: 'gone' }, '/status'],
    ['what it resolves to', { upstream_model: 'x' }, '/upstream_model'],
  ])('are refused with 400 for %s', async (_what, fields, pointer) => {
    const { status, body } = await app.admin.post('/admin/bindings', fieldsOf(fields));
    expect([status, body.errors[0]?.pointer]).toEqual([400, pointer]);
  });

  it.each([
    ['group', { group_id: 999_999 }, 'fk_bindings_group_id', '/group_id'],
    ['namespace', { namespace: 'nobody' }, 'fk_bindings_namespace', '/namespace'],
  ])('are refused with 422 for a %s that does not exist', async (_what, fields, code, pointer) => {
    const { status, body } = await app.admin.post('/admin/bindings', fieldsOf(fields));
    expect([status, body.code, body.errors[0]?.pointer]).toEqual([422, code, pointer]);
    const { id } = await aBinding();
    const update = await app.admin.patch(`/admin/bindings/${id}`, fields);
    expect([update.status, update.body.errors[0]?.pointer]).toEqual([422, pointer]);
  });

  it('are refused with 409 for a name, group and route group that are bound', async () => {
    const { public_model } = await aBinding();
    const { status, body } = await app.admin.post('/admin/bindings', fieldsOf({ public_model, route_group: '' }));
    expect([status, body.code]).toEqual([409, 'uq_bindings_namespace_public_model_group_id_route_group']);
    expect(body.errors.map((error: { pointer: string }) => error.pointer)).toContain('/public_model');
  });

  it('change only in the fields that are given, and null clears', async () => {
    const { id } = await aBinding({ public_model: 'gpt-4o-mini', weight: 7, route_group: 'vip' });
    const cleared = await app.admin.patch(`/admin/bindings/${id}`, { selector_value: null, route_group: null });
    expect(cleared.body).toMatchObject({ upstream_model: 'gpt-4o-mini', route_group: 'default', weight: 7 });
    const disabled = await app.admin.put(`/admin/bindings/${id}`, { status: 'disabled' });
    expect(disabled.body).toMatchObject({ status: 'disabled', weight: 7 });
    const refused = await app.admin.patch(`/admin/bindings/${id}`, { namespace: null });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/namespace']);
  });

  it('do not become a regex with a value that is none', async () => {
    const { id } = await aBinding({ selector_value: '(' });
    const { status, body } = await app.admin.patch(`/admin/bindings/${id}`, { selector_type: 'regex' });
    expect([status, body.errors[0].pointer]).toEqual([400, '/selector_value']);
  });

  it('change only in the version that If-Match names', async () => {
    const { id, version } = await aBinding();
    const ifMatch = { 'if-match': `"${version}"` };
    expect((await app.admin.patch(`/admin/bindings/${id}`, { weight: 2 }, ifMatch)).status).toBe(200);
    expect((await app.admin.patch(`/admin/bindings/${id}`, { weight: 3 }, ifMatch)).status).toBe(412);
    expect((await app.admin.delete(`/admin/bindings/${id}`, ifMatch)).status).toBe(412);
  });

  it('are gone after a delete, in Redis too', async () => {
    const binding = await aBinding();
    expect((await app.admin.delete(`/admin/bindings/${binding.id}?wait=applied&timeout_ms=30000`)).status).toBe(204);
    expect((await app.admin.get(`/admin/bindings/${binding.id}`)).status).toBe(404);
    expect(await bindingIn(app, binding)).toBeNull();
  });

  it('answer 404 where there is none', async () => {
    expect((await app.admin.get('/admin/bindings/999999')).status).toBe(404);
    expect((await app.admin.patch('/admin/bindings/999999', { weight: 1 })).status).toBe(404);
    expect((await app.admin.delete('/admin/bindings/999999')).status).toBe(404);
  });

  it('are listed by namespace, model, group, route group, status and text', async () => {
    const name = await aNamespace(app);
    const other = await aProviderGroup(app);
    await aBinding({ namespace: name, public_model: 'listed-1' });
    await aBinding({ namespace: name, public_model: 'listed-2', route_group: 'vip' });
    await aBinding({ namespace: name, public_model: 'listed-3', group_id: other.id, status: 'disabled' });
    const models = async (query: string) =>
      (await app.admin.get(`/admin/bindings?namespace=${name}&sort=public_model&${query}`)).body.data.map(
        ({ public_model, error }: { public_model: string; error: string }) => [Number(public_model.at(-1)), error],
      );
    expect(await models('')).toEqual([
      [1, null],
      [2, null],
      [3, 'no_provider'],
    ]);
    expect(await models('public_model=listed-2')).toEqual([[2, null]]);
    expect(await models('route_group=vip')).toEqual([[2, null]]);
    expect(await models(`group_id=${other.id}`)).toEqual([[3, 'no_provider']]);
    expect(await models('status=disabled')).toEqual([[3, 'no_provider']]);
    expect(await models('search=LISTED-1')).toEqual([[1, null]]);
    for (const query of ['group_id=x', 'namespace=A', 'sort=status;', 'status=gone']) {
      expect((await app.admin.get(`/admin/bindings?${query}`)).status).toBe(400);
    }
  });

  it('leave a line in the operation log, without what they resolve to', async () => {
    const { id } = await aBinding();
    await app.admin.patch(`/admin/bindings/${id}`, { weight: 9 });
    const { data } = (await app.admin.get(`/admin/operation-logs?resource=binding&resource_id=${id}&action=update`))
      .body;
    expect(data).toMatchObject([{ before: { weight: 1 }, after: { weight: 9 } }]);
    expect(data[0].after).not.toHaveProperty('upstream_model');
  });

  describe('in a batch', () => {
    it('become one version, all together', async () => {
      const [kept, gone] = [await aBinding(), await aBinding()];
      const { body } = await app.admin.post('/admin/bindings/batch', {
        create: [fieldsOf({ public_model: gone.public_model, selector_value: 'gpt-4o-mini' })],
        update: [{ id: kept.id, selector_value: 'o3' }],
        delete: [gone.id],
      });
      const [{ version }] = body.created;
      expect(body).toMatchObject({
        created: [{ upstream_model: 'gpt-4o-mini' }],
        updated: [{ id: kept.id, error: 'config_error', version }],
        deleted: [gone.id],
      });
    });

    it('name the item that is wrong, and keep nothing', async () => {
      const taken = await aBinding();
      const other = await aBinding();
      const good = fieldsOf();
      const pointerOf = async (body: object) => {
        const answer = await app.admin.post('/admin/bindings/batch', body);
        return [answer.status, answer.body.errors[0]?.pointer];
      };
      const again = { public_model: taken.public_model };
      expect(await pointerOf({ create: [good, fieldsOf(again)] })).toEqual([409, '/create/1/namespace']);
      expect(await pointerOf({ update: [{ id: other.id, ...again }] })).toEqual([409, '/update/0/namespace']);
      expect(await pointerOf({ create: [good, fieldsOf({ group_id: 999_999 })] })).toEqual([422, '/create/1/group_id']);
      expect(await pointerOf({ create: [good, fieldsOf({ namespace: 'nobody' })] })).toEqual([
        422,
        '/create/1/namespace',
      ]);
      const broken = { selector_type: 'regex', selector_value: '(' };
      expect(await pointerOf({ create: [good, fieldsOf(broken)] })).toEqual([400, '/create/1/selector_value']);
      expect(await pointerOf({ create: [good], update: [{ id: other.id, ...broken }] })).toEqual([
        400,
        '/update/0/selector_value',
      ]);
      expect(await pointerOf({ create: [good], delete: [999_999] })).toEqual([404, '/delete/0/id']);
      expect((await app.admin.get(`/admin/bindings?public_model=${good.public_model}`)).body.total).toBe(0);
    });

    it('take the second form, an action on many', async () => {
      const ids = [(await aBinding()).id, (await aBinding()).id];
      const { body } = await app.admin.post('/admin/bindings/batch', { action: 'status', ids, status: 'disabled' });
      expect(body.updated.map((row: { status: string }) => row.status)).toEqual(['disabled', 'disabled']);
      expect((await app.admin.post('/admin/bindings/batch', { action: 'delete', ids })).body.deleted).toEqual(ids);
    });

    it('of many at once in the same namespaces and groups all succeed', async () => {
      const namespaces = [await aNamespace(app), await aNamespace(app)];
      const groups = [await aProviderGroup(app), await aProviderGroup(app)];
      const create = namespaces.flatMap((name) => groups.map(({ id }) => ({ namespace: name, group_id: id })));
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) => {
          const items = (i % 2 ? create : create.toReversed()).map((item) => fieldsOf(item));
          return app.admin.post('/admin/bindings/batch', { create: items });
        }),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    });
  });
});
