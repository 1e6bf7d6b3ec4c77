import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_TOKEN, INTERNAL_TOKEN, startApp, type TestApp } from '../support/app.js';
import type { Http } from '../support/http.js';

describe('signing in', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  let count = 0;
  const aMaster = async (): Promise<{ id: number; key: string }> => {
    const { body } = await app.admin.post('/admin/masters', { name: `signs-in-${++count}` });
    return { id: body.id, key: body.master_key };
  };
  const aToken = async (...scopes: string[]): Promise<{ id: number; token: string }> =>
    (await app.admin.post('/admin/tokens', { name: `signs-in-${++count}`, scopes })).body;

  /** Exchanges a credential, and calls with the JWT from here on. */
  const signedIn = async (role: 'admin' | 'master', credential: string): Promise<Http> =>
    app.anyone.as((await app.anyone.as(credential).post(`/auth/${role}/token`)).body.access_token);

  const statusOf = async (who: Http, path: string): Promise<number> => (await who.get(path)).status;

  describe('as the admin', () => {
    it('exchanges the admin token for a JWT of an hour, which nothing on the way may keep', async () => {
      const { status, headers, body } = await app.admin.post('/auth/admin/token');
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(body).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 3600 });
      expect(await statusOf(app.anyone.as(body.access_token), '/admin/masters')).toBe(200);
    });

    it('takes the token in the body as well', async () => {
      const { status, body } = await app.anyone.post('/auth/admin/token', { token: ADMIN_TOKEN });
      expect(status).toBe(200);
      expect(await statusOf(app.anyone.as(body.access_token), '/admin/masters')).toBe(200);
    });

    it('lives as long as is configured', async () => {
      const other = await startApp({ EZ_JWT_TTL_SECONDS: '120' });
      try {
        expect((await other.admin.post('/auth/admin/token')).body.expires_in).toBe(120);
      } finally {
        await other.close();
      }
    });

    it('ends when the admin token is another', async () => {
      const jwt = (await app.admin.post('/auth/admin/token')).body.access_token;
      const [same, rotated] = await Promise.all([
        startApp(),
        startApp({ EZ_ADMIN_TOKEN: 'another-admin-token-0123456789abcd' }),
      ]);
      try {
        expect(await statusOf(same.anyone.as(jwt), '/admin/masters')).toBe(200);
        expect(await statusOf(rotated.anyone.as(jwt), '/admin/masters')).toBe(401);
      } finally {
        await Promise.all([same.close(), rotated.close()]);
      }
    });

    it('with a scoped token allows what the scopes of that token allow at the time', async () => {
      const { id, token } = await aToken('namespaces:read');
      const holder = await signedIn('admin', token);
      expect(await statusOf(holder, '/admin/namespaces')).toBe(200);
      expect(await statusOf(holder, '/admin/masters')).toBe(403);

      await app.admin.patch(`/admin/tokens/${id}`, { scopes: ['masters:read'] });
      expect(await statusOf(holder, '/admin/namespaces')).toBe(403);
      expect(await statusOf(holder, '/admin/masters')).toBe(200);
    });

    it('with a scoped token ends when that token is deleted or expires', async () => {
      const [deleted, expired] = [await aToken('*'), await aToken('*')];
      const holders = [await signedIn('admin', deleted.token), await signedIn('admin', expired.token)];
      for (const holder of holders) expect(await statusOf(holder, '/admin/masters')).toBe(200);

      await app.admin.delete(`/admin/tokens/${deleted.id}`);
      await app.db.query('UPDATE admin_tokens SET expires_at = now() WHERE id = $1', [expired.id]);
      for (const holder of holders) expect(await statusOf(holder, '/admin/masters')).toBe(401);
    });

    it('leaves the same name in the operation log as the token itself', async () => {
      const { id, token } = await aToken('namespaces:write');
      const holder = await signedIn('admin', token);
      const made = await holder.post('/admin/namespaces', { name: 'made-with-a-jwt' });
      const { data } = (await app.admin.get(`/admin/operation-logs?resource=namespace&resource_id=${made.body.id}`))
        .body;
      expect(data).toMatchObject([{ actor_type: 'admin_token', actor_id: String(id) }]);
    });
  });

  describe('as a master', () => {
    it('exchanges the master key, in the body or as the bearer', async () => {
      const { key } = await aMaster();
      const answers = [
        await app.anyone.post('/auth/master/token', { master_key: key }),
        await app.anyone.as(key).post('/auth/master/token'),
      ];
      for (const { status, headers, body } of answers) {
        expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
        expect(await statusOf(app.anyone.as(body.access_token), '/v1/self')).toBe(200);
      }
    });

    it('ends while the master is suspended, from the next request on', async () => {
      const { id, key } = await aMaster();
      const holder = await signedIn('master', key);
      await app.admin.post(`/admin/masters/${id}/manage`, { action: 'suspend' });
      expect(await statusOf(holder, '/v1/self')).toBe(401);
      expect((await app.anyone.post('/auth/master/token', { master_key: key })).status).toBe(401);

      await app.admin.post(`/admin/masters/${id}/manage`, { action: 'activate' });
      expect(await statusOf(holder, '/v1/self')).toBe(200);
    });

    it('ends when the epoch is raised, while the key can get the next JWT', async () => {
      const { id, key } = await aMaster();
      const holder = await signedIn('master', key);
      await app.admin.post(`/admin/masters/${id}/manage`, { action: 'bump_epoch' });
      expect(await statusOf(holder, '/v1/self')).toBe(401);
      expect(await statusOf(await signedIn('master', key), '/v1/self')).toBe(200);
    });

    it('ends when the master is deleted', async () => {
      const { id, key } = await aMaster();
      const holder = await signedIn('master', key);
      expect((await app.admin.delete(`/admin/masters/${id}`)).status).toBe(204);
      expect(await statusOf(holder, '/v1/self')).toBe(401);
    });
  });

  it('gives a JWT of one role, which is the wrong one elsewhere', async () => {
    const master = await signedIn('master', (await aMaster()).key);
    const admin = await signedIn('admin', ADMIN_TOKEN);
    expect(await statusOf(master, '/admin/masters')).toBe(403);
    expect(await statusOf(admin, '/v1/self')).toBe(403);
  });

  it('does not exchange a JWT for the next one, or it would never end', async () => {
    const jwt = (await app.admin.post('/auth/admin/token')).body.access_token;
    expect((await app.anyone.as(jwt).post('/auth/admin/token')).status).toBe(401);
    expect((await app.anyone.post('/auth/admin/token', { token: jwt })).status).toBe(401);
  });

  it('answers 401 without a credential and with a wrong one, in the same words', async () => {
    const bodies = await Promise.all(
      [{}, { token: 'wrong' }, { token: 'eza_wrong' }, undefined].map(async (body) => {
        const answer = await app.anyone.post('/auth/admin/token', body, { 'x-request-id': 'r-1' });
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
        return JSON.stringify(answer.body);
      }),
    );
    expect(new Set(bodies).size).toBe(1);
  });

  it('answers 403 to the credential of another role', async () => {
    const { key } = await aMaster();
    expect((await app.anyone.post('/auth/admin/token', { token: key })).status).toBe(403);
    expect((await app.anyone.post('/auth/admin/token', { token: INTERNAL_TOKEN })).status).toBe(403);
    expect((await app.anyone.post('/auth/master/token', { master_key: ADMIN_TOKEN })).status).toBe(403);
  });

  it.each([
    ['an unknown field', { token: ADMIN_TOKEN, role: 'admin' }],
    ['a token that is no text', { token: 7 }],
    ['an empty token', { token: '' }],
    ['a token of 5,000 characters', { token: 'x'.repeat(5000) }],
    ['a list', [ADMIN_TOKEN]],
  ])('answers 400 for %s', async (_what, body) => {
    expect((await app.anyone.post('/auth/admin/token', body)).status).toBe(400);
  });

  it('answers 400 for two credentials at once', async () => {
    expect((await app.admin.post('/auth/admin/token', { token: ADMIN_TOKEN })).status).toBe(400);
  });

  it('answers 429 to whoever guesses on and on, while the right key still signs in', async () => {
    const guess = async (i: number): Promise<number> =>
      (await app.anyone.post('/auth/master/token', { master_key: `ezm_guesses_${i}` })).status;
    const before = await Promise.all(Array.from({ length: 150 }, (_, i) => guess(i)));
    expect(new Set(before)).toEqual(new Set([401]));
    expect(await guess(150)).toBe(429);
    expect((await app.anyone.post('/auth/master/token', { master_key: (await aMaster()).key })).status).toBe(200);
  });

  it('leaves no credential in the logs', async () => {
    const { key } = await aMaster();
    const jwt = (await app.anyone.post('/auth/master/token', { master_key: key })).body.access_token;
    await app.anyone.as(jwt).get('/v1/self');
    await app.anyone.post('/auth/admin/token', { token: 'a-canary-among-the-tokens' });
    const logged = app.logs.join('');
    for (const secret of [key, jwt, ADMIN_TOKEN, 'a-canary-among-the-tokens']) expect(logged).not.toContain(secret);
  });
});
