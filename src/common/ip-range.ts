import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * The one spelling of an address or CIDR block, v4 or v6; undefined if it is neither.
 * Host bits are cleared, a block of one address is that address, and v4 in v6 clothes (`::ffff:a.b.c.d`) is v4.
 */
export function canonicalIpRange(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const [host = '', bits, ...rest] = text.split('/');
  if (rest.length > 0 || !isPlainAddress(host)) return undefined;
  const parsed = ipaddr.parse(host);
  const width = parsed.kind() === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? width : parsePrefix(bits, width);
  return prefix === undefined ? undefined : spell(parsed, prefix);
}

/** Whether an address lies in one of the ranges; what is no address lies in none. */
export function isInRanges(address: string, ranges: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  return ranges.some((range) => contains(range, parsed));
}

function contains(range: string, address: Address): boolean {
  const network: [Address, number] = range.includes('/')
    ? ipaddr.parseCIDR(range)
    : [ipaddr.parse(range), address.kind() === 'ipv4' ? 32 : 128];
  return network[0].kind() === address.kind() && address.match(network);
}

/** ipaddr.js also reads `10.1`, `0x7f.1` and zones; an allow list has no use for riddles. */
const isPlainAddress = (host: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(host)
    ? !/(^|\.)0\d/.test(host)
    : host.includes(':') && !host.includes('%') && ipaddr.IPv6.isValid(host);

function parsePrefix(text: string, width: number): number | undefined {
  return /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= width ? Number(text) : undefined;
}

function spell(address: Address, prefix: number): string {
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && prefix >= 96) {
    return spell(address.toIPv4Address(), prefix - 96);
  }
  const text = textOf(address);
  if (prefix === address.toByteArray().length * 8) return text;
  const { IPv4, IPv6 } = ipaddr;
  const network = (address.kind() === 'ipv4' ? IPv4 : IPv6).networkAddressFromCIDR(`${text}/${prefix}`);
  return `${textOf(network)}/${prefix}`;
}

const textOf = (address: Address): string =>
  address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
