import { describe, expect, it } from '@jest/globals';
import { findBearer, LONGEST_CREDENTIAL } from './bearer.js';

const bearerOf = (...authorization: string[]): string | undefined => findBearer({ headersDistinct: { authorization } });

describe('the bearer of a request', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER abc', 'Bearer   abc'])('is found in %j', (header) => {
    expect(bearerOf(header)).toBe('abc');
  });

  it('may hold any visible character, since configured tokens may', () => {
    expect(bearerOf('Bearer a.b_c~d+e/f=!"#{}')).toBe('a.b_c~d+e/f=!"#{}');
  });

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'abc',
    'Basic abc',
    'Bearerabc',
    'Bearer a b',
    'Bearer a, Bearer b',
    'Bearer é',
    ' Bearer abc',
  ])('is absent from %j', (header) => {
    expect(bearerOf(header)).toBeUndefined();
  });

  it('is absent without the header, and from two of them', () => {
    expect(findBearer({ headersDistinct: {} })).toBeUndefined();
    expect(bearerOf('Bearer abc', 'Bearer abc')).toBeUndefined();
  });

  it('is taken up to its longest', () => {
    expect(bearerOf(`Bearer ${'x'.repeat(LONGEST_CREDENTIAL)}`)).toHaveLength(LONGEST_CREDENTIAL);
    expect(bearerOf(`Bearer ${'x'.repeat(LONGEST_CREDENTIAL + 1)}`)).toBeUndefined();
  });
});
