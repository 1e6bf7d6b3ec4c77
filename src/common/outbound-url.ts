import ipaddr from 'ipaddr.js';
import { isInRanges } from './ip-range.js';

export interface OutboundRules {
  allowHttp: boolean;
  /** Ranges that are reachable although they are not public. */
  allowCidrs: readonly string[];
}

/**
 * Decides by its text alone whether an operator may make us, or a balancer, call this URL; answers its canonical form.
 * The WHATWG parser has then read every notation of an address (`0xa9.0xfe.0xa9.0xfe`, `2852039166`, full-width digits).
 * Whoever connects checks the resolved addresses again with `isBlockedAddress`, for names can change what they mean.
 */
export function checkOutboundUrl(text: unknown, rules: OutboundRules): { url: string } | { error: string } {
  if (typeof text !== 'string' || text.length > MAX_LENGTH)
    return { error: `must be a URL of at most ${MAX_LENGTH} characters` };
  if (UNPRINTABLE.test(text)) return { error: 'must not contain blanks or control characters' };
  if (!URL.canParse(text)) return { error: 'must be an absolute URL' };
  const url = new URL(text);
  const error = schemeError(url, rules) ?? partsError(url, text) ?? hostError(url.hostname, rules.allowCidrs);
  return error === undefined ? { url: url.href } : { error };
}

/** Whether an address is none of the public internet's and not allowed by a range. What is no address is blocked. */
export function isBlockedAddress(address: string, allowCidrs: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return true;
  return isInRanges(address, BLOCKED_RANGES) && !isInRanges(address, allowCidrs);
}

export const POINTS_INSIDE = 'must not point to a private or reserved address';

const MAX_LENGTH = 2048;

// The WHATWG parser drops tabs and newlines silently and trims blanks, so these must be seen before it.
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff]/;

/** What the IANA registries of special-purpose addresses have that no service on the internet answers at. */
const BLOCKED_RANGES = [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24',
  '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4',
  // Unspecified, loopback and every way to write a v4 address as v6: compatible, mapped, translated, NAT64, 6to4.
  '::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 2002::/16',
  // Discard, dummy, protocol assignments (Teredo, benchmarks, ORCHID), documentation and segment routing.
  '100::/64 100:0:0:1::/64 2001::/23 2001:db8::/32 3fff::/20 5f00::/16',
  'fc00::/7 fe80::/10 fec0::/10 ff00::/8',
].flatMap((line) => line.split(' '));

/** A name is as reachable as the addresses it stands for; where these are unknown, any allowed range opens it. */
const BLOCKED_NAMES: { pattern: RegExp; standsFor?: readonly string[] }[] = [
  { pattern: /^(.+\.)?localhost$/, standsFor: ['127.0.0.1', '::1'] },
  { pattern: /^metadata(\..+)?$/, standsFor: ['169.254.169.254'] },
  { pattern: /^(.+\.)?internal$/ },
];

function schemeError(url: URL, { allowHttp }: OutboundRules): string | undefined {
  if (url.protocol === 'https:' || (allowHttp && url.protocol === 'http:')) return undefined;
  return allowHttp ? 'must start with https:// or http://' : 'must start with https://';
}

function partsError(url: URL, text: string): string | undefined {
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  // `url.hash` is empty for a bare `#`, which the canonical form would keep.
  return text.includes('#') ? 'must not contain a fragment' : undefined;
}

function hostError(hostname: string, allowCidrs: readonly string[]): string | undefined {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');
  const blocked = ipaddr.isValid(host) ? isBlockedAddress(host, allowCidrs) : isBlockedName(host, allowCidrs);
  return blocked ? POINTS_INSIDE : undefined;
}

function isBlockedName(name: string, allowCidrs: readonly string[]): boolean {
  const rule = BLOCKED_NAMES.find(({ pattern }) => pattern.test(name));
  if (!rule) return name === '';
  const isAllowed = rule.standsFor?.some((address) => isInRanges(address, allowCidrs)) ?? allowCidrs.length > 0;
  return !isAllowed;
}
