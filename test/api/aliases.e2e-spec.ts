import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { unused } from '../support/gateway.js';

describe('POST /providers, the early name', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const aProvider = (fields: object = {}) => ({
    name: unused('provider'),
    type: 'OpenAI',
    base_url: 'https://up.example/v1',
    api_key: 'sk-proj-canary-0123456789abcd',
    group: 'vip',
    models: ['gpt-4o'],
    ...fields,
  });

  it('makes a provider group and its API key in one version, and answers both ids', async () => {
    const fields = aProvider();
    const { status, headers, body } = await app.admin.post('/providers?wait=applied&timeout_ms=30000', fields);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      id: body.api_key_id,
      name: fields.name,
      type: 'openai',
      base_url: 'https://up.example/v1',
      group: 'vip',
      models: ['gpt-4o'],
      hint: '…abcd',
    });
    const group = (await app.admin.get(`/admin/provider-groups/${body.provider_group_id}`)).body;
    const apiKey = (await app.admin.get(`/admin/api-keys/${body.api_key_id}`)).body;
    const version = headers.get('ez-config-version')!.split('.')[1];
    expect([body.version, group.version, apiKey.version]).toEqual([version, version, version]);
    expect(apiKey.provider_group_id).toBe(group.id);
    expect(JSON.parse((await app.redis.hget('config:providers', String(body.id)))!)).toMatchObject({
      id: body.id,
      name: `${fields.name}#${body.id}`,
      api_key: fields.api_key,
      group: 'vip',
    });
  });

  it('never shows the API key again', async () => {
    const { body } = await app.admin.post('/providers', aProvider());
    const logs = (await app.admin.get('/admin/operation-logs')).body;
    expect(JSON.stringify([body, logs])).not.toContain('canary');
  });

  it.each([
    ['no name', { name: undefined }, '/name'],
    ['an unknown type', { type: 'midjourney' }, '/type'],
    ['no API key', { api_key: undefined }, '/api_key'],
    ['a base URL inside the network', { base_url: 'https://10.0.0.1/' }, '/base_url'],
    ['a field of today', { status: 'active' }, '/status'],
  ])('answers 400 for %s', async (_what, fields, pointer) => {
    const { status, body } = await app.admin.post('/providers', aProvider(fields));
    expect([status, body.errors[0]?.pointer]).toEqual([400, pointer]);
  });

  it('answers 409 for a name that is taken, and makes neither', async () => {
    const fields = aProvider();
    await app.admin.post('/providers', fields);
    const before = (await app.admin.get('/admin/api-keys')).body.total;
    const { status, body } = await app.admin.post('/providers', fields);
    expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'uq_provider_groups_name', '/name']);
    expect((await app.admin.get('/admin/api-keys')).body.total).toBe(before);
  });

  it('is for operators only', async () => {
    expect((await app.anyone.post('/providers', aProvider())).status).toBe(401);
  });
});
