import { describe, expect, it } from '@jest/globals';
import { privateHosts } from './outbound-lookup.js';

describe('hosts that stand for a private address', () => {
  it('are told by all that they stand for, unless that is allowed', async () => {
    const hosts = ['localhost', 'localhost', '127.0.0.1', '192.0.2.1', '8.8.8.8'];
    expect(await privateHosts(hosts, { allowCidrs: [] })).toEqual(new Set(['localhost', '127.0.0.1', '192.0.2.1']));
    expect(await privateHosts(hosts, { allowCidrs: ['127.0.0.0/8', '::1/128'] })).toEqual(new Set(['192.0.2.1']));
  });

  it('are not those that stand for nothing', async () => {
    expect(await privateHosts(['nobody.invalid', ''], { allowCidrs: [] })).toEqual(new Set());
  });

  it('are found among as many as a batch may have', async () => {
    const many = Array.from({ length: 999 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    expect((await privateHosts([...many, ...many], { allowCidrs: [] })).size).toBe(999);
  });
});
