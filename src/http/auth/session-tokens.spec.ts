import { describe, expect, it } from '@jest/globals';
import { JwtService } from '@nestjs/jwt';
import { createSecretKey } from 'node:crypto';
import { loadConfig } from '../../config/load-config.js';
import type { Principal } from './principal.js';
import { SessionTokens } from './session-tokens.js';

const SECRET = 'a-jwt-secret-of-more-than-32-characters';
const OTHER_SECRET = 'another-jwt-secret-of-32-characters-or-so';

const sessions = (secret = SECRET): SessionTokens =>
  new SessionTokens(
    loadConfig(
      {
        EZ_ADMIN_TOKEN: '',
        EZ_INTERNAL_TOKEN: '',
        EZ_JWT_SECRET: secret,
        EZ_JWT_TTL_SECONDS: '600',
        EZ_ENCRYPTION_KEY: 'an-encryption-key-of-32-characters-or-more',
      },
      '/nonexistent',
    ),
  );

const MASTER: Principal = {
  role: 'master',
  subject: '42',
  epoch: 7,
  actor: { type: 'master', id: '42', name: 'acme' },
};

const now = (): number => Math.floor(Date.now() / 1000);

/** The claims of a good token, for spoiling one at a time; undefined leaves one out. */
const claims = (changes: object = {}): object => {
  const at = now();
  const good = { iss: 'ez-api', aud: 'ez-api', sub: '42', role: 'master', epoch: 7, nbf: at, exp: at + 600, jti: 'j' };
  return JSON.parse(JSON.stringify({ ...good, ...changes })) as object;
};

type Algorithm = 'HS256' | 'HS384' | 'HS512';

const signed = (payload: object, algorithm: Algorithm = 'HS256', secret = SECRET): string =>
  new JwtService({ secret: createSecretKey(secret, 'utf8'), signOptions: { algorithm } }).sign(payload);

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a JWT', () => {
  it('says who its holder is, and as of which epoch', () => {
    expect(sessions().read(sessions().issue(MASTER))).toMatchObject({ role: 'master', sub: '42', epoch: 7 });
  });

  it('carries exactly the claims that were agreed on, for the time that was configured', () => {
    const payload = new JwtService().decode<Record<string, unknown>>(sessions().issue(MASTER));
    expect(Object.keys(payload).toSorted()).toEqual(['aud', 'epoch', 'exp', 'iat', 'iss', 'jti', 'nbf', 'role', 'sub']);
    expect(Number(payload.exp) - Number(payload.nbf)).toBe(600);
  });

  it('differs from every other of the same holder', () => {
    expect(sessions().issue(MASTER)).not.toBe(sessions().issue(MASTER));
  });

  it('is read with all of its claims in place, so that the refusals below mean something', () => {
    expect(sessions().read(signed(claims()))).toBeDefined();
  });

  it.each([
    ['of another issuer', { iss: 'elsewhere' }],
    ['for another audience', { aud: 'elsewhere' }],
    ['that has expired', { exp: now() - 31 }],
    ['that is not valid yet', { nbf: now() + 90 }],
    ['of the internal role', { role: 'internal' }],
    ['of an unknown role', { role: 'root' }],
    ['whose epoch is text', { epoch: '7' }],
    ['whose epoch is a fraction', { epoch: 7.5 }],
    ...['iss', 'aud', 'sub', 'role', 'epoch', 'exp', 'nbf', 'jti'].map((name) => [
      `without ${name}`,
      { [name]: undefined },
    ]),
  ] as [string, object][])('%s is refused', (_what, changes) => {
    expect(sessions().read(signed(claims(changes)))).toBeUndefined();
  });

  it('is good for 30 seconds more and earlier, since clocks differ', () => {
    expect(sessions().read(signed(claims({ exp: now() - 25 })))).toBeDefined();
    expect(sessions().read(signed(claims({ nbf: now() + 25 })))).toBeDefined();
  });

  it('is refused if signed with another secret, or by another algorithm even with ours', () => {
    expect(sessions(OTHER_SECRET).read(sessions().issue(MASTER))).toBeUndefined();
    expect(sessions().read(signed(claims(), 'HS384'))).toBeUndefined();
    expect(sessions().read(signed(claims(), 'HS512'))).toBeUndefined();
  });

  it('is refused unsigned, whatever it calls that', () => {
    for (const alg of ['none', 'None', 'NONE', 'HS256']) {
      const unsigned = `${encoded({ alg, typ: 'JWT' })}.${encoded(claims())}.`;
      expect(sessions().read(unsigned)).toBeUndefined();
      expect(sessions().read(`${unsigned}AA`)).toBeUndefined();
    }
  });

  it('is refused if one character of its claims was changed', () => {
    const [header, , signature] = signed(claims()).split('.');
    expect(sessions().read(`${header}.${encoded(claims({ sub: '43' }))}.${signature}`)).toBeUndefined();
  });

  it.each(['', '..', 'a.b.c', 'a.b', 'a.b.c.d', 'ezm_abc', '{}.{}.{}'])('is not %j', (text) => {
    expect(sessions().read(text)).toBeUndefined();
  });
});
