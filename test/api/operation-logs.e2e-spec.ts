import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aMaster, aNamespace, created, unused } from '../support/gateway.js';
import type { Json } from '../support/http.js';

describe('the operation log', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const list = async (query: string): Promise<Json[]> =>
    (await app.admin.get(`/admin/operation-logs?${query}`)).body.data;

  it('says who did what, from where, in which request, as which version, and what it was before and after', async () => {
    const name = unused('ns');
    const make = await app.admin.post('/admin/namespaces', { name }, { 'x-request-id': `${name}-1` });
    const { id } = make.body;
    await app.admin.patch(`/admin/namespaces/${id}`, { description: 'why' }, { 'x-request-id': `${name}-2` });
    await app.admin.delete(`/admin/namespaces/${id}`, { 'x-request-id': `${name}-3` });
    const lines = await list(`resource=namespace&resource_id=${id}`);
    expect(lines).toMatchObject([
      { action: 'delete', request_id: `${name}-3`, before: { description: 'why' }, after: null },
      { action: 'update', request_id: `${name}-2`, before: { description: '' }, after: { description: 'why' } },
      { action: 'create', request_id: `${name}-1`, before: null, after: { id, name, status: 'active' } },
    ]);
    for (const line of lines) {
      expect(line).toMatchObject({ actor_type: 'admin', actor_id: 'admin', ip: '127.0.0.1', resource_id: id });
    }
    const first = lines.at(-1)!;
    expect(first.config_version).toBe(make.headers.get('ez-config-version'));
    expect(first.after).toMatchObject({ version: make.body.version });
    expect((await app.admin.get(`/admin/operation-logs/${first.id}`)).body).toEqual(first);
  });

  it('tells a scoped token and a tenant from the operator', async () => {
    const { id: tokenId, token } = await created(app, '/admin/tokens', { name: unused('token'), scopes: ['*'] });
    const master = await aMaster(app);
    await app.anyone.as(token).post('/admin/namespaces', { name: unused('ns') });
    await app.anyone.as(master.master_key).post('/v1/tokens', { name: 'mine' });
    expect(await list(`actor_type=admin_token&actor_id=${tokenId}`)).toMatchObject([{ resource: 'namespace' }]);
    expect(await list(`actor_type=master&actor_id=${master.id}`)).toMatchObject([
      { resource: 'key', actor_name: master.name, after: { name: 'mine', master_id: master.id } },
    ]);
  });

  it('is narrowed down by action, request, version, time and text', async () => {
    const from = (await list('page_size=1'))[0]!.at;
    const name = unused('narrow');
    const { headers } = await app.admin.post('/admin/namespaces', { name }, { 'x-request-id': name });
    const version = headers.get('ez-config-version')!.split('.')[1]!;
    const [line] = await list(`request_id=${name}`);
    expect(line.after.name).toBe(name);
    expect(await list(`config_version=${version}&action=create`)).toEqual([line]);
    expect(await list(`config_version=${version}&action=delete`)).toEqual([]);
    expect(await list(`from=${line.at}&search=NAMESPACE`)).toEqual([line]);
    expect((await list(`to=${line.at}`)).map(({ id }) => id)).not.toContain(line.id);
    expect((await list(`from=${from}&sort=at`)).at(-1)).toEqual(line);
  });

  it('has nothing of what did not happen', async () => {
    const name = await aNamespace(app);
    const before = (await app.admin.get('/admin/operation-logs')).body.total;
    expect((await app.admin.post('/admin/namespaces', { name })).status).toBe(409);
    expect(
      (await app.admin.post('/admin/namespaces/batch', { create: [{ name: unused('ns') }, { name }] })).status,
    ).toBe(409);
    expect((await app.admin.get('/admin/operation-logs')).body.total).toBe(before);
  });

  it.each([
    'sort=before',
    'resource_id=x',
    'config_version=1.2',
    'config_version=9999999999999999999',
    'from=yesterday',
    'to=2026-01-01',
    'colour=red',
    'page_size=201',
  ])('refuses to be listed with ?%s', async (query) => {
    expect((await app.admin.get(`/admin/operation-logs?${query}`)).status).toBe(400);
  });

  it('answers 404 for a line that was never written', async () => {
    expect((await app.admin.get('/admin/operation-logs/999999999')).status).toBe(404);
  });

  it.each(['UPDATE operation_logs SET actor_name = $$x$$', 'DELETE FROM operation_logs', 'TRUNCATE operation_logs'])(
    'can’t be rewritten, not even in the database by: %s',
    async (statement) => {
      await aNamespace(app);
      await expect(app.db.query(statement)).rejects.toThrow('operation_logs is append-only');
    },
  );
});
