import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { bindingIn, providerIn } from '../support/balancer.js';
import { aNamespace, anApiKey, aProviderGroup, created, unused } from '../support/gateway.js';
import { declaredAt, sideBySide } from '../support/side-by-side.js';

describe('what a binding comes to', () => {
  let app: TestApp;
  /** For bindings that are not about it. */
  let namespace: string;

  beforeAll(async () => {
    app = await startApp();
    namespace = await aNamespace(app);
  });
  afterAll(() => app.close());

  const aBinding = (groupId: number, fields: object = {}) =>
    created(app, '/admin/bindings', {
      namespace,
      public_model: unused('model'),
      group_id: groupId,
      selector_value: 'gpt-4o',
      ...fields,
    });
  const aGroupWithKey = async (fields: object = {}) => {
    const group = await aProviderGroup(app, fields);
    return { group, apiKey: await anApiKey(app, group.id) };
  };
  const candidateIn = async (binding: { namespace: string; public_model: string }) =>
    (await bindingIn(app, binding)).candidates[0];

  it.each([
    ['exact', 'gpt-4o-mini', 'gpt-4o-mini'],
    ['normalize_exact', 'LLAMA-3', 'vendor/Llama-3'],
    ['regex', '4o$', 'gpt-4o'],
  ])('is the model that a selector hits that is %s', async (selector_type, selector_value, upstream_model) => {
    const { group } = await aGroupWithKey({ models: ['gpt-4o', 'gpt-4o-mini', 'vendor/Llama-3'] });
    const binding = await aBinding(group.id, { selector_type, selector_value });
    expect(binding).toMatchObject({ error: null, error_detail: null, upstream_model, provider_count: 1 });
  });

  it.each([
    ['none', { selector_value: 'o3' }],
    ['several', { selector_type: 'regex', selector_value: 'gpt' }],
  ])('is an error of configuration when the selector hits %s, which is said and not refused', async (_what, fields) => {
    const { group } = await aGroupWithKey({ models: ['gpt-4o', 'gpt-4o-mini'] });
    const binding = await aBinding(group.id, fields);
    expect(binding).toMatchObject({ error: 'config_error', error_detail: expect.any(String), upstream_model: null });
  });

  it('is no provider where the group has no API key, or is disabled', async () => {
    const empty = await aProviderGroup(app);
    expect(await aBinding(empty.id)).toMatchObject({ error: 'no_provider', provider_count: 0 });
    const { group } = await aGroupWithKey({ status: 'disabled' });
    expect(await aBinding(group.id)).toMatchObject({ error: 'no_provider', provider_count: 0 });
  });

  it('follows an edit of the group, as its providers do', async () => {
    const group = await aProviderGroup(app);
    const [one, two] = [await anApiKey(app, group.id), await anApiKey(app, group.id)];
    const binding = await aBinding(group.id);
    await app.sync();
    expect((await candidateIn(binding)).upstreams).toEqual({ [one.id]: 'gpt-4o', [two.id]: 'gpt-4o' });

    const edit = { models: ['o3'], base_url: 'https://up.example/' };
    await app.admin.patch(`/admin/provider-groups/${group.id}?wait=applied&timeout_ms=30000`, edit);
    expect(await providerIn(app, one.id)).toMatchObject(edit);
    expect(await providerIn(app, two.id)).toMatchObject(edit);
    expect(await candidateIn(binding)).toMatchObject({ error: 'config_error' });

    await app.admin.patch(`/admin/provider-groups/${group.id}?wait=applied&timeout_ms=30000`, { status: 'disabled' });
    expect((await providerIn(app, one.id)).status).toBe('disabled');
    expect(await candidateIn(binding)).toMatchObject({ error: 'no_provider' });
  });

  it('moves with its name, and leaves the old one to those that still have it', async () => {
    const { group } = await aGroupWithKey();
    const old = await aBinding(group.id);
    const rename = (id: number) =>
      app.admin.patch(`/admin/bindings/${id}?wait=applied&timeout_ms=30000`, { public_model: unused('model') });
    const renamed = await rename(old.id);
    expect([await bindingIn(app, old), await candidateIn(renamed.body)]).toMatchObject([null, { group_id: group.id }]);

    const one = await aBinding(group.id);
    await aBinding(group.id, { public_model: one.public_model, route_group: 'vip' });
    await rename(one.id);
    expect((await bindingIn(app, one)).candidates).toMatchObject([{ route_group: 'vip' }]);
  });

  it('follows an API key that is made, disabled, moved and deleted', async () => {
    const [here, there] = [await aProviderGroup(app), await aProviderGroup(app)];
    const [bindingHere, bindingThere] = [await aBinding(here.id), await aBinding(there.id)];
    const { id } = await anApiKey(app, here.id);
    await app.sync();
    expect(await candidateIn(bindingHere)).toMatchObject({ upstreams: { [id]: 'gpt-4o' } });

    const wait = '?wait=applied&timeout_ms=30000';
    await app.admin.patch(`/admin/api-keys/${id}${wait}`, { status: 'manual_disabled' });
    expect(await candidateIn(bindingHere)).toMatchObject({ error: 'no_provider' });

    await app.admin.patch(`/admin/api-keys/${id}${wait}`, { status: 'active', provider_group_id: there.id });
    expect(await candidateIn(bindingHere)).toMatchObject({ error: 'no_provider' });
    expect(await candidateIn(bindingThere)).toMatchObject({ upstreams: { [id]: 'gpt-4o' } });
    expect(await providerIn(app, id)).toMatchObject({ group_id: there.id });

    await app.admin.delete(`/admin/api-keys/${id}${wait}`);
    expect(await candidateIn(bindingThere)).toMatchObject({ error: 'no_provider' });
    expect(await providerIn(app, id)).toBeNull();
  });

  it.each(['the key', 'the binding'])(
    'is right when an API key and a binding are made in one group at the same time, %s first',
    async (first) => {
      const group = await aProviderGroup(app);
      const newBinding = () => aBinding(group.id);
      const newKey = () => anApiKey(app, group.id);
      const made =
        first === 'the key' ? await sideBySide(app, newKey, newBinding) : await sideBySide(app, newBinding, newKey);
      const [apiKey, binding] = first === 'the key' ? made : made.toReversed();
      expect(await declaredAt(app, binding)).toBe(made[1].version);
      await app.sync();
      expect(await candidateIn(binding)).toMatchObject({ upstreams: { [apiKey.id]: 'gpt-4o' } });
    },
  );

  it('is right when an API key is moved and disabled while the group that it moves to is bound', async () => {
    const [here, there] = [await aProviderGroup(app), await aProviderGroup(app)];
    const { id } = await anApiKey(app, here.id);
    const [, binding] = await sideBySide(
      app,
      () => app.admin.patch(`/admin/api-keys/${id}`, { provider_group_id: there.id }),
      () => aBinding(there.id),
      () => app.admin.patch(`/admin/api-keys/${id}`, { status: 'manual_disabled' }),
    );
    await app.sync();
    expect(await candidateIn(binding)).toMatchObject({ error: 'no_provider' });
    expect(await providerIn(app, id)).toMatchObject({ group_id: there.id, status: 'manual_disabled' });
  });

  it('is disabled with the namespace, also for a binding that is moved into it at that moment', async () => {
    const name = await aNamespace(app);
    const { id } = (await app.admin.get(`/admin/namespaces?search=${name}`)).body.data[0];
    const binding = await aBinding((await aProviderGroup(app)).id);
    const [moved, disabled] = await sideBySide(
      app,
      () => app.admin.patch(`/admin/bindings/${binding.id}`, { namespace: name }),
      () => app.admin.patch(`/admin/namespaces/${id}`, { status: 'disabled' }),
    );
    expect(await declaredAt(app, moved.body)).toBe(disabled.body.version);
    await app.sync();
    expect(await bindingIn(app, moved.body)).toMatchObject({ namespace: name, status: 'disabled' });
  });

  it('follows an edit of the group that is made at the same time as the binding', async () => {
    const { group, apiKey } = await aGroupWithKey();
    const [binding, edit] = await sideBySide(
      app,
      () => aBinding(group.id, { selector_type: 'regex', selector_value: '.' }),
      () => app.admin.patch(`/admin/provider-groups/${group.id}`, { models: ['o3'] }),
    );
    expect(binding.upstream_model).toBe('gpt-4o');
    expect(await declaredAt(app, binding)).toBe(edit.body.version);
    await app.sync();
    expect(await candidateIn(binding)).toMatchObject({ upstreams: { [apiKey.id]: 'o3' } });
  });
});
