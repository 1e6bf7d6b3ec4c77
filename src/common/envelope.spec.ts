import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { KeyRing, UndecryptableError } from './envelope.js';

const AAD = 'api_keys:7:secret';
const SECRET = '{"private_key":"-----BEGIN-----\\nü\\n"}';
const ring = new KeyRing(['a passphrase of some length']);

/** What opening fails with, as the health page counts it. */
function failure(open: () => string): string {
  try {
    open();
  } catch (error) {
    if (error instanceof UndecryptableError) return `${error.reason}|${error.message}`;
    throw error;
  }
  return 'opened';
}

/** The envelope with one character of its last part changed. */
function tampered(envelope: string, at: number): string {
  const [version, keyId, text] = envelope.split('.') as [string, string, string];
  const bytes = Buffer.from(text, 'base64url');
  bytes[at < 0 ? bytes.length + at : at]! ^= 1;
  return `${version}.${keyId}.${bytes.toString('base64url')}`;
}

describe('KeyRing', () => {
  it('opens what it sealed', () => {
    for (const text of ['', 'x', SECRET, 'y'.repeat(100_000)]) {
      expect(ring.open(ring.seal(text, AAD), AAD)).toBe(text);
    }
  });

  it('writes version, key id and base64url', () => {
    expect(ring.seal(SECRET, AAD)).toMatch(/^v1\.[0-9a-f]{8}\.[A-Za-z0-9_-]+$/);
    expect(ring.seal(SECRET, AAD).startsWith(ring.prefix)).toBe(true);
  });

  it('never seals the same text to the same envelope', () => {
    expect(new Set(Array.from({ length: 1000 }, () => ring.seal(SECRET, AAD))).size).toBe(1000);
  });

  it('refuses an envelope that was moved to another row', () => {
    expect(failure(() => ring.open(ring.seal(SECRET, AAD), 'api_keys:8:secret'))).toMatch(/^not authentic/);
  });

  it.each([0, 11, 12, 20, -16, -1])('refuses a change of byte %p', (at) => {
    expect(failure(() => ring.open(tampered(ring.seal(SECRET, AAD), at), AAD))).toMatch(/^not authentic/);
  });

  it.each(['', 'v1', 'v2.00000000.AAAA', 'v1.00000000.', 'v1.00000000.AAAA', 'v1.xyz.AAAA', SECRET])(
    'refuses %p as malformed',
    (text) => expect(failure(() => ring.open(text, AAD))).toMatch(/^malformed/),
  );

  it('seals with its first key and opens with every one', () => {
    const rotated = new KeyRing(['the new passphrase', 'a passphrase of some length']);
    const old = ring.seal(SECRET, AAD);
    expect(rotated.open(old, AAD)).toBe(SECRET);
    expect(rotated.prefix).not.toBe(ring.prefix);
    expect(failure(() => ring.open(rotated.seal(SECRET, AAD), AAD))).toMatch(/^unknown key/);
  });

  it('takes 32 bytes as hex or base64 for the key itself', () => {
    const key = randomBytes(32);
    const spellings = [key.toString('hex'), key.toString('base64'), key.toString('base64url')];
    expect(new Set(spellings.map((text) => new KeyRing([text]).prefix)).size).toBe(1);
    expect(new KeyRing([spellings[0]!]).open(new KeyRing([spellings[1]!]).seal(SECRET, AAD), AAD)).toBe(SECRET);
  });

  it('says nothing of the secret or the key when it fails', () => {
    const message = failure(() => ring.open(ring.seal('top-secret', AAD), 'elsewhere'));
    expect(message).not.toMatch(/top-secret|passphrase/);
  });

  it('needs a key', () => {
    expect(() => new KeyRing([])).toThrow('At least one encryption key');
  });
});
