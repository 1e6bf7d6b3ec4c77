import { describe, expect, it } from '@jest/globals';
import { secretMatcher } from './compare.js';

describe('a secret that is expected', () => {
  it('is true for the same secret only', () => {
    expect(secretMatcher('s3cret')('s3cret')).toBe(true);
    expect(secretMatcher('s3creT')('s3cret')).toBe(false);
    expect(secretMatcher('s3cret ')('s3cret')).toBe(false);
    expect(secretMatcher('s3cret')('')).toBe(false);
  });

  it('never matches a secret that was not configured', () => {
    expect(secretMatcher('')('')).toBe(false);
    expect(secretMatcher('')('anything')).toBe(false);
  });
});
