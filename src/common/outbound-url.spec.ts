import { describe, expect, it } from '@jest/globals';
import { checkOutboundUrl, isBlockedAddress, type OutboundRules } from './outbound-url.js';

const strict: OutboundRules = { allowHttp: false, allowCidrs: [] };
const lax: OutboundRules = { allowHttp: true, allowCidrs: [] };
const PRIVATE = { error: 'must not point to a private or reserved address' };

/** The first and last address of every range that is closed. */
const BLOCKED = [
  '0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255 169.254.0.0',
  '169.254.169.254 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.255 192.0.2.0 192.0.2.255 192.168.0.0',
  '192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255 224.0.0.0',
  '239.255.255.255 240.0.0.0 255.255.255.255 :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:7f00:1',
  '64:ff9b::a00:1 64:ff9b:1::1 2002:: 2002:a00:1:: fc00:: fdff:ffff::1 fe80::1 febf::1 fec0::1 ff02::1',
  '192.88.99.0 192.88.99.255 100:: 100::ffff:ffff:ffff:ffff 100:0:0:1::1 2001:: 2001:0:ffff::1 2001:2::1 2001:10::1',
  '2001:1f:ffff::1 2001:20::1 2001:2f:ffff::1 2001:1ff:ffff::1 2001:db8:: 2001:db8:ffff:ffff::1 3fff:: 3fff:fff:ffff::1',
  '5f00::1 5f00:ffff::1',
].flatMap((line) => line.split(' '));

/** The neighbours just outside. */
const PUBLIC = [
  '1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0',
  '172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0',
  '198.51.99.255 203.0.114.0 223.255.255.255 8.8.8.8 2606:4700:4700::1111 2001:4860:4860::8888 2003::1 64:ff9c::1',
  'fbff::1 192.88.98.255 192.88.100.0 ff:ffff::1 100:0:0:2::1 2000:ffff::1 2001:200::1 2001:db7:ffff::1 2001:db9::1',
  '3ffe:ffff::1 3fff:1000::1 5eff:ffff::1 5f01::1',
].flatMap((line) => line.split(' '));

const hostOf = (address: string): string => (address.includes(':') ? `[${address}]` : address);

describe('checkOutboundUrl', () => {
  it.each([
    ['https://api.example.com', 'https://api.example.com/'],
    ['HTTPS://API.Example.COM:443/v1', 'https://api.example.com/v1'],
    ['https://api.example.com:8443/v1?x=1', 'https://api.example.com:8443/v1?x=1'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
    ['https://134744072/', 'https://8.8.8.8/'],
    ['https://api.example.com/a/../b', 'https://api.example.com/b'],
    [String.raw`https://api.example.com\@127.0.0.1/`, 'https://api.example.com/@127.0.0.1/'],
    ['https://localhost.example.com/', 'https://localhost.example.com/'],
    ['https://notlocalhost/', 'https://notlocalhost/'],
    ['https://internal.example.com/', 'https://internal.example.com/'],
    ['https://my-metadata.example.com/', 'https://my-metadata.example.com/'],
  ])('stores %s as %s', (text, url) => expect(checkOutboundUrl(text, strict)).toEqual({ url }));

  it.each(BLOCKED)('refuses the address %s', (address) =>
    expect(checkOutboundUrl(`https://${hostOf(address)}/`, strict)).toEqual(PRIVATE),
  );

  it.each(PUBLIC)('takes the address %s', (address) =>
    expect(checkOutboundUrl(`https://${hostOf(address)}/`, strict)).toHaveProperty('url'),
  );

  it.each(
    [
      ['http://0xa9.0xfe.0xa9.0xfe/', 'http://[::ffff:169.254.169.254]/', 'http://2852039166/', 'http://0xa9fea9fe/'],
      ['http://0251.0376.0251.0376/', 'http://169.254.43518/', 'http://127.1/', 'http://0/', 'http://0x7f.1/'],
      [
        'http://017700000001/',
        'http://127.0.0.1./',
        'http://１２７.０.０.１/',
        'http://127。0。0。1/',
        'http://%31%32%37.0.0.1/',
      ],
      [
        'http://[0:0:0:0:0:ffff:7f00:0001]/',
        'http://[::127.0.0.1]/',
        'http://[0::1]/',
        'http:127.0.0.1',
        'http:///127.0.0.1',
      ],
      [String.raw`http:\\127.0.0.1\x`, 'http://①②⑦.0.0.1/'],
    ].flat(),
  )('sees the private address in %s', (text) => expect(checkOutboundUrl(text, lax)).toEqual(PRIVATE));

  it.each(
    [
      ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'ⓛocalhost', 'loc%61lhost', 'vault.internal', 'internal'],
      ['db.corp.internal.', 'metadata', 'metadata.google.internal', 'metadata.tencentyun.com', 'metadata.'],
    ].flat(),
  )('refuses the name %s', (name) => expect(checkOutboundUrl(`https://${name}/`, strict)).toEqual(PRIVATE));

  it.each(
    [
      ['https://user@example.com/', 'https://user:pass@example.com/', 'https://:pass@example.com/'],
      ['https://example.com/#x', 'https://example.com/#', 'https://example.com/\nx', 'https://exa\tmple.com/'],
      [' https://example.com/', 'https://example.com/ ', 'https://example.com/\u0000', 'https://example.com/a b'],
      ['ftp://example.com/', 'file:///etc/passwd', 'javascript:alert(1)', 'data:text/html,x', 'gopher://example.com/'],
      ['example.com', '//example.com', '', 'https://', 'https://exa mple.com', 'https://[::1', 'https://1.2.3.999/'],
      [
        'https://[fe80::1%25eth0]/',
        'https://example.com:99999/',
        `https://example.com/${'x'.repeat(2048)}`,
        null,
        7,
        {},
      ],
    ].flat(),
  )('refuses %p', (text) => expect(checkOutboundUrl(text, lax)).toHaveProperty('error'));

  it('takes http only where it is allowed', () => {
    expect(checkOutboundUrl('http://example.com/', lax)).toEqual({ url: 'http://example.com/' });
    expect(checkOutboundUrl('http://example.com/', strict)).toEqual({ error: 'must start with https://' });
  });

  it('never repeats what it refuses', () => {
    expect(JSON.stringify(checkOutboundUrl('https://user:hunter2@example.com/', strict))).not.toContain('hunter2');
  });
});

describe('allowed ranges', () => {
  const allowing = (...allowCidrs: string[]): OutboundRules => ({ allowHttp: true, allowCidrs });

  it.each([
    ['http://10.1.2.3/', '10.0.0.0/8'],
    ['http://0x0a.1.2.3/', '10.0.0.0/8'],
    ['http://[fd00::7]/', 'fd00::/8'],
    ['http://localhost:9000/hook', '127.0.0.0/8'],
    ['http://app.localhost/', '::1'],
    ['http://llm.corp.internal/', '10.0.0.0/8'],
    ['http://metadata.google.internal/', '169.254.0.0/16'],
  ])('open %s to %s', (text, range) => expect(checkOutboundUrl(text, allowing(range))).toHaveProperty('url'));

  it.each([
    ['http://10.1.2.3/', '10.2.0.0/16'],
    ['http://localhost/', '10.0.0.0/8'],
    ['http://metadata.google.internal/', '10.0.0.0/8'],
    ['http://[::ffff:10.1.2.3]/', '10.0.0.0/8'],
  ])('leave %s closed to %s', (text, range) => expect(checkOutboundUrl(text, allowing(range))).toEqual(PRIVATE));
});

describe('isBlockedAddress', () => {
  it('judges what a name was resolved to', () => {
    expect(BLOCKED.filter((address) => !isBlockedAddress(address, []))).toEqual([]);
    expect(PUBLIC.filter((address) => isBlockedAddress(address, []))).toEqual([]);
    expect(isBlockedAddress('10.0.0.1', ['10.0.0.0/24'])).toBe(false);
    expect(isBlockedAddress('fe80::1%eth0', [])).toBe(true);
  });

  it('blocks what is no address', () => {
    expect(isBlockedAddress('example.com', ['0.0.0.0/0', '::/0'])).toBe(true);
  });
});
