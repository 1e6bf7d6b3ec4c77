import { describe, expect, it } from '@jest/globals';
import { canonicalIpRange, isInRanges } from './ip-range.js';

describe('canonicalIpRange', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7/32', '192.0.2.7'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8::1/128', '2001:db8::1'],
    ['2001:db8:ffff::1/32', '2001:db8::/32'],
    ['::/0', '::/0'],
    ['::1', '::1'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
  ])('spells %s as %s', (text, canonical) => {
    expect(canonicalIpRange(text)).toBe(canonical);
    expect(canonicalIpRange(canonical)).toBe(canonical);
  });

  it.each(
    [
      ['', ' 10.0.0.1', '10.0.0.1 ', '10.1', '256.0.0.1', '010.0.0.1', '0x7f.0.0.1', '2130706433', '10.0.0.0.1'],
      ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0.0/255.0.0.0', '10.0.0.*'],
      ['fe80::1%eth0', '[::1]', ':::', '::1/129', '12345::', 'localhost', 'example.com', null, 7, undefined],
    ].flat(),
  )('refuses %p', (text) => expect(canonicalIpRange(text)).toBeUndefined());
});

describe('isInRanges', () => {
  const ranges = ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'];

  it.each(['10.255.0.1', '192.0.2.7', '2001:db8::9'])('finds %s', (address) =>
    expect(isInRanges(address, ranges)).toBe(true),
  );

  it.each(['11.0.0.1', '192.0.2.8', '2001:db9::9', 'nonsense', ''])('does not find %p', (address) =>
    expect(isInRanges(address, ranges)).toBe(false),
  );
});
