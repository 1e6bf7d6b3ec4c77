import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aNamespace, aProviderGroup, created } from '../support/gateway.js';

describe('public models with a dot', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const aBinding = async (fields: object) =>
    created(app, '/admin/bindings', { group_id: (await aProviderGroup(app)).id, ...fields });
  const aWarning = (code: string, name: string) => ({
    code,
    message: expect.any(String),
    reads_as: { namespace: 'gpt-4', public_model: '1' },
    remedy: {
      qualified_name: `${name}.gpt-4.1`,
      dotless_name: 'gpt-4-1',
      alias: { namespace: 'gpt-4', public_model: '1' },
    },
  });

  it('are warned of when they are bound and when the binding is read', async () => {
    const name = await aNamespace(app);
    const body = await aBinding({ namespace: name, public_model: 'gpt-4.1' });
    expect(body.warnings).toEqual([aWarning('bare_name_unreachable', name)]);
    expect((await app.admin.get(`/admin/bindings/${body.id}`)).body.warnings).toEqual(body.warnings);
    const list = (await app.admin.get(`/admin/bindings?namespace=${name}`)).body.data;
    expect(list[0].warnings).toEqual(body.warnings);
  });

  it('are found by the lint, bound ones and models of such names', async () => {
    const name = await aNamespace(app);
    const binding = await aBinding({ namespace: name, public_model: 'gpt-4.1' });
    const model = await created(app, '/admin/models', { name: `${name}.gpt-4.1` });
    await aBinding({ namespace: name, public_model: 'gpt-4o' });
    const { status, body } = await app.admin.post('/admin/bindings/lint', { namespace: name });
    expect(status).toBe(200);
    const named = { namespace: name, public_model: 'gpt-4.1', ...aWarning('bare_name_unreachable', name) };
    expect(body).toEqual([
      { binding_id: binding.id, ...named },
      { model_id: model.id, ...named },
    ]);

    const all = (await app.admin.post('/admin/bindings/lint')).body;
    expect(all).toEqual(expect.arrayContaining(body));
    expect((await app.admin.post('/admin/bindings/lint', {})).body).toEqual(all);
  });

  it('are found by the lint under a bare name too', async () => {
    const { id } = await created(app, '/admin/models', { name: 'bare-4.1' });
    const all = (await app.admin.post('/admin/bindings/lint')).body as { model_id?: number }[];
    expect(all.filter(({ model_id }) => model_id === id)).toMatchObject([
      { namespace: '', public_model: 'bare-4.1', remedy: { qualified_name: '{namespace}.bare-4.1' } },
    ]);
  });

  it('can be linted before they are made', async () => {
    const name = await aNamespace(app);
    const lint = async (public_model: string) =>
      (await app.admin.post('/admin/bindings/lint', { namespace: name, public_model })).body;
    expect(await lint('gpt-4o')).toEqual([]);
    const named = { namespace: name, public_model: 'gpt-4.1' };
    expect(await lint('gpt-4.1')).toEqual([{ ...named, ...aWarning('bare_name_unreachable', name) }]);
    await created(app, '/admin/namespaces', { name: 'gpt-4' });
    expect(await lint('gpt-4.1')).toEqual([{ ...named, ...aWarning('bare_name_shadowed', name) }]);
  });

  it('cannot be linted without the namespace, nor by other fields', async () => {
    const answers = await Promise.all(
      [{ public_model: 'gpt-4.1' }, { namespace: 'a.b' }, { colour: 'red' }, []].map((body) =>
        app.admin.post('/admin/bindings/lint', body),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
  });
});
