import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hashToken, newAdminToken, newMasterKey } from '../../src/contract/token.js';
import { Http } from '../support/http.js';
import { ADMIN_TOKEN, INTERNAL_TOKEN, openGuarded, type Guarded } from './guarded-app.js';
import { sendRaw } from './tiny-app.js';

describe('the guards', () => {
  let guarded: Guarded;
  let anyone: Http;

  beforeAll(async () => {
    guarded = await openGuarded();
    anyone = new Http(guarded.app.url);
  });
  afterAll(() => guarded.close());

  const tokenWith = async (...scopes: string[]): Promise<Http> => anyone.as((await guarded.aToken(scopes)).token);

  it.each([
    ['admin', ADMIN_TOKEN],
    ['internal', INTERNAL_TOKEN],
  ])('know the %s role by the configured token', async (role, token) => {
    const { status, body } = await anyone.as(token).get(`/${role}`);
    expect([status, body]).toEqual([200, { actor: { type: role, id: role, name: role } }]);
  });

  it('know a scoped admin token by its id, and its scopes', async () => {
    const { id, token } = await guarded.aToken(['masters:read']);
    const { body } = await anyone.as(token).get('/admin');
    expect(body).toEqual({ actor: { type: 'admin_token', id, name: token }, scopes: ['masters:read'] });
  });

  it('know a master by its key', async () => {
    const { id, key } = await guarded.aMaster();
    const { body } = await anyone.as(key).get('/master');
    expect(body).toEqual({ actor: { type: 'master', id, name: key } });
  });

  describe('answer 401 in one form', () => {
    const body = {
      type: 'urn:ez-api:problem:unauthenticated',
      title: 'Authentication required',
      status: 401,
      detail: 'A valid credential is needed',
      code: 'unauthenticated',
      errors: [],
      request_id: 'r-1',
    };
    const REFUSALS = ['/admin', '/master', '/internal'].map((path) => ({
      path,
      status: 401,
      challenge: 'Bearer',
      body,
    }));

    const answersTo = (authorization: string | undefined): Promise<object[]> =>
      Promise.all(
        REFUSALS.map(async ({ path }) => {
          const headers = { 'x-request-id': 'r-1', ...(authorization === undefined ? {} : { authorization }) };
          const answer = await anyone.get(path, headers);
          const challenge = answer.headers.get('www-authenticate');
          return { path, status: answer.status, challenge, body: answer.body as unknown };
        }),
      );

    it.each([
      ['no credential', undefined],
      ['another scheme', `Basic ${ADMIN_TOKEN}`],
      ['two tokens', `Bearer ${ADMIN_TOKEN} ${ADMIN_TOKEN}`],
      ['the beginning of the token', `Bearer ${ADMIN_TOKEN.slice(0, -1)}`],
      ['more than the token', `Bearer ${ADMIN_TOKEN}x`],
      ['a master key that was never given', `Bearer ${newMasterKey()}`],
      ['an admin token that was never given', `Bearer ${newAdminToken()}`],
      ['what looks like a JWT', 'Bearer e30.e30.e30'],
    ])('for %s', async (_what, authorization) => {
      expect(await answersTo(authorization)).toEqual(REFUSALS);
    });

    it('for a suspended master', async () => {
      expect(await answersTo(`Bearer ${(await guarded.aMaster('suspended')).key}`)).toEqual(REFUSALS);
    });

    it('for an expired admin token', async () => {
      expect(await answersTo(`Bearer ${(await guarded.aToken(['*'], '2020-01-01')).token}`)).toEqual(REFUSALS);
    });

    it('for the hash of a credential in its place', async () => {
      expect(await answersTo(`Bearer ${hashToken((await guarded.aMaster()).key)}`)).toEqual(REFUSALS);
    });

    it('for two headers, even if both are right', async () => {
      const header = `Authorization: Bearer ${ADMIN_TOKEN}\r\n`;
      const answer = await sendRaw(
        guarded.app.port,
        `GET /admin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header}${header}\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1.1 401 /);
    });
  });

  it('answer 403 to a right credential of another role', async () => {
    const [admin, internal, scoped] = [anyone.as(ADMIN_TOKEN), anyone.as(INTERNAL_TOKEN), await tokenWith('*')];
    const master = anyone.as((await guarded.aMaster()).key);
    const wrong: [Http, string][] = [
      ...[master, internal].map((who): [Http, string] => [who, '/admin']),
      ...[admin, scoped, internal].map((who): [Http, string] => [who, '/master']),
      ...[admin, scoped, master].map((who): [Http, string] => [who, '/internal']),
    ];
    for (const [who, path] of wrong) expect((await who.get(path)).status).toBe(403);
  });

  it('let a scoped admin token do what its scopes say, and answer 403 beyond them', async () => {
    const reader = await tokenWith('masters:read');
    expect((await reader.get('/admin')).status).toBe(200);
    expect((await reader.send('HEAD', '/admin')).status).toBe(200);
    expect(await reader.post('/admin')).toMatchObject({
      status: 403,
      body: { detail: 'This takes the scope masters:write' },
    });
    expect((await reader.delete('/admin/keys')).status).toBe(403);

    const writer = await tokenWith('masters:write', 'keys:*');
    expect((await writer.get('/admin')).status).toBe(403);
    expect((await writer.post('/admin')).status).toBe(201);
    expect((await writer.delete('/admin/keys')).status).toBe(200);

    const auditor = await tokenWith('*:read');
    expect((await auditor.get('/admin')).status).toBe(200);
    expect((await auditor.post('/admin')).status).toBe(403);
  });

  it('close the routes of a token that is configured to be empty', async () => {
    const { token } = await guarded.aToken(['*']);
    const closed = await guarded.start({ EZ_ADMIN_TOKEN: '', EZ_INTERNAL_TOKEN: '' });
    const caller = new Http(closed.url);
    try {
      for (const credential of ['', 'x', token, ADMIN_TOKEN]) {
        expect((await caller.as(credential).get('/admin')).status).toBe(401);
        expect((await caller.as(credential).get('/internal')).status).toBe(401);
      }
      expect((await caller.as((await guarded.aMaster()).key).get('/master')).status).toBe(200);
    } finally {
      await closed.close();
    }
  });
});
