import { describe, expect, it } from '@jest/globals';
import { sameSecret } from './compare.js';

describe('sameSecret', () => {
  it('is true for the same secret only', () => {
    expect(sameSecret('s3cret', 's3cret')).toBe(true);
    expect(sameSecret('s3cret', 's3creT')).toBe(false);
    expect(sameSecret('s3cret', 's3cret ')).toBe(false);
    expect(sameSecret('', 's3cret')).toBe(false);
  });

  it('never matches a secret that was not configured', () => {
    expect(sameSecret('', '')).toBe(false);
    expect(sameSecret('anything', '')).toBe(false);
  });
});
