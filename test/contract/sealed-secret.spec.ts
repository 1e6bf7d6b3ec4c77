import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { secretOpener } from '../../clients/reader/sealed-secret.js';
import { KeyRing } from '../../src/common/envelope.js';

const KEY = '00'.repeat(32);

describe('the reader', () => {
  it.each([
    ['hex', randomBytes(32).toString('hex')],
    ['base64', randomBytes(32).toString('base64')],
    ['a passphrase', 'a passphrase of some length'],
  ])('opens what the control plane seals with a key in %s', (_, key) => {
    const api_key = new KeyRing([key]).seal('sk-upstream', 'provider:42:api_key');
    expect(secretOpener(key)({ id: 42, api_key })).toBe('sk-upstream');
  });

  it('opens no secret that was moved to another provider', () => {
    const api_key = new KeyRing([KEY]).seal('sk-upstream', 'provider:42:api_key');
    expect(() => secretOpener(KEY)({ id: 43, api_key })).toThrow('unable to authenticate data');
  });

  it.each(['sk-plain', 'v1.00000000.AAAA', new KeyRing(['another passphrase']).seal('x', 'provider:42:api_key')])(
    'does not take %s for an open secret',
    (api_key) => {
      expect(() => secretOpener(KEY)({ id: 42, api_key })).toThrow('not encrypted with the key of this node');
    },
  );
});
