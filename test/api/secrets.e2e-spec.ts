import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { ADMIN_TOKEN, startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, anApiKey, aProviderGroup, created, unused } from '../support/gateway.js';

const UPSTREAM_SECRET = `sk-planted-${randomUUID()}`;

describe('a secret', () => {
  let app: TestApp;
  /** Everything that must be seen once, in the answer that made it, and nowhere else. */
  let planted: Record<string, string>;
  const answers: string[] = [];

  beforeAll(async () => {
    app = await startApp({ EZ_LOG_LEVEL: 'trace' });
    planted = await plant();
    await use();
    await app.sync();
  });
  afterAll(() => app.close());

  async function plant(): Promise<Record<string, string>> {
    const group = await aProviderGroup(app);
    const apiKey = await anApiKey(app, group.id, { secret: UPSTREAM_SECRET });
    const master = await aMaster(app);
    const key = await aKey(app, master.id);
    const rotated = await app.admin.post(`/admin/masters/${master.id}/keys/${key.id}/rotate`, { overlap_seconds: 60 });
    const token = await created(app, '/admin/tokens', { name: unused('token'), scopes: ['*'] });
    const jwt = await app.admin.post('/auth/admin/token');
    await app.admin.patch(`/admin/api-keys/${apiKey.id}`, { weight: 2 });
    return {
      'the admin token': ADMIN_TOKEN,
      'an upstream secret': UPSTREAM_SECRET,
      'a master key': master.master_key,
      'a client token': key.token,
      'a rotated client token': rotated.body.token,
      'a scoped admin token': token.token,
      'a JWT': jwt.body.access_token,
    };
  }

  /** Uses each in the right and in the wrong place, and reads whatever can be read. */
  async function use(): Promise<void> {
    for (const secret of Object.values(planted)) {
      for (const path of ['/admin/masters', '/v1/self', `/admin/masters?search=${secret}`, `/admin/keys/${secret}`]) {
        const answer = await app.anyone.as(secret).get(path);
        answers.push(JSON.stringify(answer.body));
      }
      for (const body of [{ name: secret, secret }, { name: 7, secret }, `{"secret":"${secret}"`]) {
        const answer = await app.admin.post('/admin/api-keys', body, { 'x-request-id': secret.slice(0, 8) });
        answers.push(JSON.stringify(answer.body));
      }
    }
    const lists = [
      'masters',
      'keys',
      'api-keys',
      'provider-groups',
      'tokens',
      'operation-logs',
      'sync/resources',
      'sync/status',
    ];
    for (const list of lists)
      answers.push(JSON.stringify((await app.admin.get(`/admin/${list}?page_size=200`)).body ?? ''));
    await app.admin.post('/admin/masters', { name: unused('master') }, { 'idempotency-key': randomUUID() });
  }

  const carriers = (text: string): string[] =>
    Object.entries(planted)
      .filter(([, secret]) => text.includes(secret))
      .map(([name]) => name);

  it('is in no line of the log, at any level', () => {
    expect(app.logs.length).toBeGreaterThan(50);
    expect(carriers(app.logs.join(''))).toEqual([]);
  });

  it('is in no answer but the one that made it, errors included', () => {
    expect(carriers(answers.join('\n'))).toEqual([]);
  });

  it('is in no table: tokens are hashed, upstream secrets encrypted', async () => {
    const tables = await app.db.query<{ name: string }[]>(
      `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    expect(tables.length).toBeGreaterThan(12);
    for (const { name } of tables) {
      const rows = await app.db.query(`SELECT t::text FROM ${name} t`);
      expect({ table: name, carries: carriers(JSON.stringify(rows)) }).toEqual({ table: name, carries: [] });
    }
  });

  it('of an upstream is in Redis where balancers need it, and only there', async () => {
    const provider = (await app.redis.hvals('config:providers')).join('');
    expect(carriers(provider)).toEqual(['an upstream secret']);
    const others = await Promise.all(
      (await app.redis.keys('*')).filter((key) => key !== 'config:providers').map((key) => app.redis.dump(key)),
    );
    expect(carriers(others.join(''))).toEqual([]);
  });

  it('of an upstream is encrypted in Redis too, where a key for that is configured', async () => {
    const sealed = await startApp({ EZ_DP_ENCRYPTION_KEY: 'data-plane-encryption-key-0123456789' });
    try {
      const group = await aProviderGroup(sealed);
      const { id } = await anApiKey(sealed, group.id, { secret: UPSTREAM_SECRET });
      await sealed.sync();
      const provider = JSON.parse((await sealed.redis.hget('config:providers', String(id)))!);
      expect(provider.api_key).toMatch(/^v1\./);
      expect(JSON.stringify(provider)).not.toContain(UPSTREAM_SECRET);
    } finally {
      await sealed.close();
    }
  });
});
