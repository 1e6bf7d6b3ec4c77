import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { encryptionKey } from './encryption-key.js';

describe('encryptionKey', () => {
  it('is the same key in hex, base64 and base64url', () => {
    const bytes = randomBytes(32);
    const spellings = [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')];
    const keys = spellings.map((text) => encryptionKey(text));
    expect(keys.every((key) => key.bytes.equals(bytes))).toBe(true);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(1);
  });

  it('makes 32 bytes of any passphrase, always the same', () => {
    const key = encryptionKey('correct horse battery staple, and more');
    expect(key.bytes).toHaveLength(32);
    expect(key).toEqual(encryptionKey('correct horse battery staple, and more'));
    expect(key.id).not.toBe(encryptionKey('correct horse battery staple, and less').id);
  });

  it('has an id that says nothing about the key', () => {
    const bytes = randomBytes(32);
    const { id } = encryptionKey(bytes.toString('hex'));
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    expect(bytes.toString('hex')).not.toContain(id);
  });
});
