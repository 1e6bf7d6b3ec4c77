import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ADMIN_RESOURCES, covers, modeOf, permits, SCOPE_PATTERN } from './scopes.js';

describe('a scope', () => {
  it.each(['masters:read', 'api-keys:write', 'tokens:*', '*:read', '*'])('may be %s', (scope) => {
    expect(SCOPE_PATTERN.test(scope)).toBe(true);
  });

  it.each([
    '',
    'masters',
    'masters:',
    'master:read',
    'masters:delete',
    ':read',
    '*:*',
    '*:write',
    '**',
    ' *',
    'keys:read\n',
  ])('may not be %j', (scope) => {
    expect(SCOPE_PATTERN.test(scope)).toBe(false);
  });

  it.each([
    ['masters:read', 'masters', 'read', true],
    ['masters:read', 'masters', 'write', false],
    ['masters:write', 'masters', 'read', false],
    ['masters:*', 'masters', 'write', true],
    ['masters:*', 'keys', 'read', false],
    ['keys:read', 'api-keys', 'read', false],
    ['*:read', 'logs', 'read', true],
    ['*:read', 'logs', 'write', false],
    ['*', 'tokens', 'write', true],
  ] as const)('%s, asked for %s:%s, says %s', (scope, resource, mode, answer) => {
    expect(permits([scope], resource, mode)).toBe(answer);
  });

  it('reads with GET and HEAD, and writes with everything else', () => {
    const modes = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'get'].map(modeOf);
    expect(modes).toEqual(['read', 'read', 'write', 'write', 'write', 'write', 'write']);
  });
});

describe('scopes that one token gives another', () => {
  const aScope = fc.oneof(
    fc.constantFrom('*', '*:read'),
    fc
      .tuple(fc.constantFrom(...ADMIN_RESOURCES.slice(0, 3)), fc.constantFrom('read', 'write', '*'))
      .map((parts) => parts.join(':')),
  );
  const scopes = fc.uniqueArray(aScope, { maxLength: 4 });

  it('are covered exactly if they permit nothing that the giver may not do, now or with resources to come', () => {
    const everything = [...ADMIN_RESOURCES, 'yet-to-come'].flatMap((resource) => [
      [resource, 'read'] as const,
      [resource, 'write'] as const,
    ]);
    fc.assert(
      fc.property(scopes, scopes, (held, wanted) => {
        const within = everything.every(
          ([resource, mode]) => !permits(wanted, resource, mode) || permits(held, resource, mode),
        );
        expect(covers(held, wanted)).toBe(within);
      }),
    );
  });

  it('may be halves that make a whole', () => {
    expect(covers(['keys:read', 'keys:write'], ['keys:*'])).toBe(true);
    expect(covers(['*:read', 'keys:write'], ['keys:*'])).toBe(true);
  });

  it('do not become `*` by naming every resource there is today', () => {
    expect(
      covers(
        ADMIN_RESOURCES.map((resource) => `${resource}:*`),
        ['*'],
      ),
    ).toBe(false);
  });
});
