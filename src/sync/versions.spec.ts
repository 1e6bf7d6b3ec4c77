import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareVersions, isNewer, newest, oldest } from './versions.js';

const version = fc.bigInt({ min: 0n, max: 2n ** 80n });

describe('versions', () => {
  it('compare as the numbers they are, however long', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(String(a), String(b)))).toBe(a === b ? 0 : a < b ? -1 : 1);
      }),
    );
  });

  it('are not newer than themselves', () => {
    expect(isNewer('9007199254740993', '9007199254740993')).toBe(false);
    expect(isNewer('9007199254740993', '9007199254740992')).toBe(true);
    expect([newest('9', '10'), oldest('9', '10')]).toEqual(['10', '9']);
  });
});
