import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, tokenHash, unused, type KeyBody } from '../support/gateway.js';

type Secret = KeyBody['secrets'][number];

describe('secrets of a key', () => {
  let app: TestApp;
  let master: number;
  let keys: string;

  beforeAll(async () => {
    app = await startApp();
    master = (await aMaster(app)).id;
    keys = `/admin/masters/${master}/keys`;
  });
  afterAll(() => app.close());

  const rotate = (id: number, body?: object) => app.admin.post(`${keys}/${id}/rotate?wait=applied`, body);
  const record = (hash: string) => app.redis.hgetall(`auth:token:${hash}`);
  const statusOf = async (token: string) => (await record(tokenHash(token))).status;

  describe('when rotated', () => {
    it('are replaced at once unless an overlap is asked for', async () => {
      const { id, token } = await aKey(app, master);
      const { status, headers, body } = await rotate(id);
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(body.token).toMatch(/^ezk_/);
      expect(body.secrets).toMatchObject([
        { revoked_at: expect.any(String) },
        { token_hash: tokenHash(body.token), revoked_at: null },
      ]);
      expect([await statusOf(token), await statusOf(body.token)]).toEqual(['revoked', 'active']);
      expect((await app.admin.get(`${keys}/${id}`)).body).not.toHaveProperty('token');
    });

    it('go on for the overlap, and balancers know its end', async () => {
      const { id, token } = await aKey(app, master);
      const { body } = await rotate(id, { overlap_seconds: 3600 });
      expect([await statusOf(token), await statusOf(body.token)]).toEqual(['active', 'active']);
      const end = Number((await record(tokenHash(token))).expires_at);
      expect(Math.abs(end - Date.now() / 1000 - 3600)).toBeLessThan(60);
      expect(Date.parse(body.secrets[0].expires_at) / 1000).toBeCloseTo(end, -1);
      expect((await record(tokenHash(body.token))).expires_at).toBeUndefined();
    });

    it('end as early as the first of two overlaps says', async () => {
      const { id } = await aKey(app, master);
      const first = (await rotate(id, { overlap_seconds: 60 })).body.secrets[0].expires_at;
      const second = (await rotate(id, { overlap_seconds: 3600 })).body.secrets;
      expect(second.map(({ expires_at }: Secret) => expires_at)).toEqual([first, expect.any(String), null]);
    });

    it('all change with their key', async () => {
      const { id, token } = await aKey(app, master);
      const { body } = await rotate(id, { overlap_seconds: 3600 });
      await app.admin.patch(`${keys}/${id}?wait=applied`, { status: 'suspended' });
      expect([await statusOf(token), await statusOf(body.token)]).toEqual(['suspended', 'suspended']);
    });

    it('are at most eight at a time', async () => {
      const { id } = await aKey(app, master);
      for (let i = 0; i < 7; i++) expect((await rotate(id, { overlap_seconds: 3600 })).status).toBe(200);
      const { status, body } = await rotate(id, { overlap_seconds: 3600 });
      expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'max_secrets', '/overlap_seconds']);
      expect((await rotate(id)).body.secrets.filter(({ revoked_at }: Secret) => revoked_at === null)).toHaveLength(1);
    });

    it('are answered again to a retry, and not made twice', async () => {
      const { id } = await aKey(app, master);
      const headers = { 'idempotency-key': unused('retry') };
      const first = await app.admin.post(`${keys}/${id}/rotate`, {}, headers);
      const second = await app.admin.post(`${keys}/${id}/rotate`, {}, headers);
      expect(second.body).toEqual(first.body);
      expect((await app.admin.get(`${keys}/${id}`)).body.secrets).toHaveLength(2);
    });

    it('are one more for each of two who rotate at once', async () => {
      const { id } = await aKey(app, master);
      const answers = await Promise.all([1, 2].map(() => rotate(id, { overlap_seconds: 60 })));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect((await app.admin.get(`${keys}/${id}`)).body.secrets).toHaveLength(3);
    });

    it.each([{ overlap_seconds: -1 }, { overlap_seconds: 2_592_001 }, { overlap_seconds: '60' }, { overlap: 60 }])(
      'are not for %j',
      async (body) => {
        const { id } = await aKey(app, master);
        expect((await rotate(id, body)).status).toBe(400);
      },
    );
  });

  describe('when the key is revoked', () => {
    it('are refused at once, all of them, for ever', async () => {
      const { id, token } = await aKey(app, master);
      const second = (await rotate(id, { overlap_seconds: 3600 })).body.token;
      const { status, headers, body } = await app.admin.post(`${keys}/${id}/revoke?wait=applied`);
      expect([status, body.status, headers.get('ez-propagation')]).toEqual([200, 'revoked', 'applied']);
      expect(body.secrets.every(({ revoked_at }: Secret) => revoked_at !== null)).toBe(true);
      expect([await statusOf(token), await statusOf(second)]).toEqual(['revoked', 'revoked']);
      expect((await app.admin.post(`${keys}/${id}/revoke`)).body.status).toBe('revoked');
    });

    it.each([{ status: 'active' }, { status: 'suspended' }, { status: null }])(
      'do not come back by %j',
      async (change) => {
        const { id } = await aKey(app, master);
        await app.admin.patch(`${keys}/${id}`, { status: 'revoked' });
        const { status, body } = await app.admin.patch(`${keys}/${id}`, change);
        expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'key_revoked', '/status']);
        expect((await rotate(id)).body).toMatchObject({ status: 409, code: 'key_revoked' });
        expect((await app.admin.patch(`${keys}/${id}`, { name: 'old' })).body).toMatchObject({
          name: 'old',
          status: 'revoked',
        });
      },
    );

    it('are refused when it is done by a change of the status, too', async () => {
      const [a, b] = [await aKey(app, master), await aKey(app, master)];
      await app.admin.patch(`${keys}/${a.id}`, { status: 'revoked' });
      await app.admin.post(`${keys}/batch?wait=applied`, { action: 'status', ids: [b.id], status: 'revoked' });
      expect([await statusOf(a.token), await statusOf(b.token)]).toEqual(['revoked', 'revoked']);
    });
  });

  describe('when brought from elsewhere', () => {
    it('are what clients send already, and no token is made', async () => {
      const texts = [unused('sk-old'), unused('old')];
      const secrets = texts.map((text) => ({ token_hash: tokenHash(text), hint: `…${text.slice(-4)}` }));
      const { status, body } = await app.admin.post(`${keys}?wait=applied`, { name: 'moved', secrets });
      expect([status, body.token]).toEqual([201, undefined]);
      expect(body.secrets).toMatchObject(secrets);
      for (const text of texts) expect(await statusOf(text)).toBe('active');
    });

    it('may have come to their end there', async () => {
      const secrets = [{ token_hash: tokenHash(unused('sk')) }];
      const { body } = await app.admin.post(keys, { name: 'moved', secrets, expires_at: '2020-01-01T00:00:00Z' });
      expect(body).toMatchObject({ expired: true, secrets: [{ hint: '…' }] });
    });

    it('are refused with 409 when a key has them, naming each place', async () => {
      const { token } = await aKey(app, master);
      const secrets = [{ token_hash: tokenHash(unused('sk')) }, { token_hash: tokenHash(token) }];
      const { status, body } = await app.admin.post(keys, { name: 'x', secrets });
      expect([status, body.code, body.errors[0].pointer]).toEqual([
        409,
        'uq_key_secrets_token_hash',
        '/secrets/1/token_hash',
      ]);
      const create = [{ name: 'y' }, { name: 'x', secrets }];
      const batch = await app.admin.post(`${keys}/batch`, { create });
      expect([batch.status, batch.body.errors[0].pointer]).toEqual([409, '/create/1/secrets/1/token_hash']);
      const twice = await app.admin.post(keys, { name: 'x', secrets: [secrets[0], secrets[0]] });
      expect([twice.status, twice.body.errors[0].pointer]).toEqual([409, '/secrets/1/token_hash']);
    });

    it('work again under a new key when the old one is deleted', async () => {
      const secrets = [{ token_hash: tokenHash(unused('sk')) }];
      const { id } = await aKey(app, master, { secrets });
      await app.admin.delete(`${keys}/${id}?wait=applied`);
      expect((await record(secrets[0]!.token_hash)).status).toBe('revoked');
      const next = await aKey(app, master, { secrets });
      const batch = { delete: [next.id], create: [{ name: 'again', secrets }] };
      expect((await app.admin.post(`${keys}/batch?wait=applied`, batch)).status).toBe(200);
      expect((await record(secrets[0]!.token_hash)).status).toBe('active');
    });
  });

  describe('when the key is deleted', () => {
    const refused = async (token_hash: string, path = keys) => {
      const { status, body } = await app.admin.post(path, { name: 'again', secrets: [{ token_hash }] });
      expect([status, body.code, body.errors[0].pointer]).toEqual([
        409,
        'uq_key_secrets_token_hash',
        '/secrets/0/token_hash',
      ]);
      await app.sync();
      expect((await record(token_hash)).status).toBe('revoked');
    };

    it('stay revoked if they were, and no key can be given them again', async () => {
      const { id, token } = await aKey(app, master);
      await app.admin.post(`${keys}/${id}/revoke`);
      await app.admin.delete(`${keys}/${id}?wait=applied`);
      await refused(tokenHash(token));
      expect((await app.admin.get(`${keys}?token_hash=${tokenHash(token)}`)).body.total).toBe(0);
    });

    it('are as final when they were replaced or about to be, and only then', async () => {
      const { id, token } = await aKey(app, master);
      const second = (await rotate(id)).body.token;
      const third = (await rotate(id, { overlap_seconds: 3600 })).body.token;
      await app.admin.post(`${keys}/batch?wait=applied`, { delete: [id] });
      for (const ended of [token, second]) await refused(tokenHash(ended));
      const moved = await aKey(app, master, { secrets: [{ token_hash: tokenHash(third) }] });
      expect(moved.secrets).toMatchObject([{ revoked_at: null }]);
      await app.sync();
      expect(await statusOf(third)).toBe('active');
    });

    it('are refused within the batch that deletes their key, too', async () => {
      const { id, token } = await aKey(app, master);
      await app.admin.post(`${keys}/${id}/revoke`);
      const create = [{ name: 'again', secrets: [{ token_hash: tokenHash(token) }] }];
      const { status, body } = await app.admin.post(`${keys}/batch`, { delete: [id], create });
      expect([status, body.errors[0].pointer]).toEqual([409, '/create/0/secrets/0/token_hash']);
    });

    it('stay revoked when it goes with its master', async () => {
      const other = (await aMaster(app)).id;
      const [revoked, good] = [await aKey(app, other), await aKey(app, other)];
      await app.admin.post(`/admin/masters/${other}/keys/${revoked.id}/revoke`);
      expect((await app.admin.delete(`/admin/masters/${other}?wait=applied`)).status).toBe(204);
      await refused(tokenHash(revoked.token));
      await aKey(app, master, { secrets: [{ token_hash: tokenHash(good.token) }] });
    });

    it('stay revoked through a full snapshot', async () => {
      const { id, token } = await aKey(app, master);
      await app.admin.post(`${keys}/${id}/revoke`);
      await app.admin.delete(`${keys}/${id}?wait=applied`);
      await app.redis.flushdb();
      await app.sync();
      expect(await statusOf(token)).toBe('revoked');
      await refused(tokenHash(token));
    });
  });
});
