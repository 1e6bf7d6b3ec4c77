import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hashToken, isWellFormedToken, newAdminToken, newClientToken, newMasterKey, tokenHint } from './token.js';

const CLIENT_TOKEN = 'ezk_fvoEdQeeVc0mZ71i5JuiKNTDvWO8cAduGHnTmvX86Qo1KIxvv';
/** Computed apart from this code: 256 zero bits, 256 one bits, the bytes 0 to 31. */
const WELL_FORMED = [
  'ezk_00000000000000000000000000000000000000000004LueZ9',
  'ezm_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp113Qkf3',
  'eza_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1AhYs9',
  CLIENT_TOKEN,
];
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

describe('hashToken', () => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['sk-123', 'acb42a4fa3d3621a7eeccc0cc79a3727e1c37572145ac3d1e7f773dde84de728'],
    ['ключ', '1de36a32af798da0c1ac9297603a320ed8fe567cf21c9177112a4ce914ebb8be'],
  ])('of %j is the SHA-256 of its UTF-8 bytes in lower-case hex', (token, hash) => {
    expect(hashToken(token)).toBe(hash);
  });

  it('takes the text as it was sent, blanks and case included', () => {
    expect(new Set(['ezk_a', ' ezk_a', 'ezk_a\n', 'EZK_A'].map(hashToken)).size).toBe(4);
  });
});

describe('a new token', () => {
  it.each([
    ['ezk_', newClientToken],
    ['ezm_', newMasterKey],
    ['eza_', newAdminToken],
  ])('starts with %s and is 53 characters that need no escaping anywhere', (prefix, create) => {
    const tokens = Array.from({ length: 200 }, create);

    for (const token of tokens) {
      expect(token.startsWith(prefix)).toBe(true);
      expect(token).toMatch(/^[a-z]{3}_[0-9A-Za-z]{49}$/);
      expect(isWellFormedToken(token)).toBe(true);
    }
    expect(new Set(tokens).size).toBe(tokens.length);
  });

  it('uses all 62 digits about equally often', () => {
    const bodies = Array.from({ length: 500 }, () => newClientToken().slice(5, 47)).join('');
    const counts = new Map<string, number>();
    for (const digit of bodies) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    const expected = bodies.length / 62;

    expect(counts.size).toBe(62);
    expect(Math.min(...counts.values())).toBeGreaterThan(expected * 0.6);
    expect(Math.max(...counts.values())).toBeLessThan(expected * 1.4);
  });
});

describe('isWellFormedToken', () => {
  it.each(WELL_FORMED)('knows %s, offline', (token) => {
    expect(isWellFormedToken(token)).toBe(true);
  });

  it.each([
    '',
    'sk-123',
    'ezk_',
    `${CLIENT_TOKEN} `,
    ` ${CLIENT_TOKEN}`,
    `${CLIENT_TOKEN}\n`,
    CLIENT_TOKEN.slice(0, -1),
  ])('refuses %j', (text) => {
    expect(isWellFormedToken(text)).toBe(false);
  });

  it('refuses a token under the prefix of another kind', () => {
    expect(isWellFormedToken(CLIENT_TOKEN.replace('ezk_', 'ezm_'))).toBe(false);
  });

  it('notices every single mistyped character', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 52 }), fc.constantFrom(...ALPHABET.split('')), (at, typed) => {
        fc.pre(CLIENT_TOKEN[at] !== typed);
        return !isWellFormedToken(CLIENT_TOKEN.slice(0, at) + typed + CLIENT_TOKEN.slice(at + 1));
      }),
    );
  });

  it('notices two neighbours that changed places', () => {
    for (let at = 4; at < 52; at++) {
      const [left, right] = [CLIENT_TOKEN.charAt(at), CLIENT_TOKEN.charAt(at + 1)];
      if (left === right) continue;
      expect(isWellFormedToken(CLIENT_TOKEN.slice(0, at) + right + left + CLIENT_TOKEN.slice(at + 2))).toBe(false);
    }
  });
});

describe('tokenHint', () => {
  it.each([
    [CLIENT_TOKEN, `ezk_…${CLIENT_TOKEN.slice(-4)}`],
    ['sk-abcdefghijklmnopqrstuvwxyz', 'sk-…wxyz'],
    ['AIzaSyA-1234567890abcdefghijklmnop', '…mnop'],
    ['hunter2', '…'],
    ['sk-12345', 'sk-…'],
    ['', '…'],
  ])('of %s is %s', (token, hint) => {
    expect(tokenHint(token)).toBe(hint);
  });

  it('never shows more than the prefix and four characters', () => {
    fc.assert(fc.property(fc.string(), (token) => tokenHint(token).length <= 5 + 1 + 4));
  });
});
