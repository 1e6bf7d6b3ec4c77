import { BlockList, isIP } from 'node:net';
import type { MasterRecord, TokenRecord } from '../../src/contract/hash-records.js';

/** Who sends a request, and what they may have. */
export interface Client {
  key_id: number;
  master_id: number;
  /** Route group. */
  group: string;
  /** What the key may do, such as `chat:*`; empty: everything. */
  scopes: readonly string[];
  namespaces: readonly string[];
  default_namespace: string;
  /** Models that the key is limited to; undefined: no limit. */
  model_limits: readonly string[] | undefined;
  /** The configuration version that wrote the key. */
  version: string;
}

/** `unavailable`: Redis can't tell, and the key was never seen here. */
export type ClientRefusal =
  'unknown_key' | 'revoked' | 'suspended' | 'exhausted' | 'expired' | 'address_denied' | 'unavailable';

export type Token = Partial<TokenRecord>;
export type Master = Partial<MasterRecord>;

/** What the two records say about a request from `address` at `now`, unix milliseconds. */
export function identify(
  token: Token,
  master: Master,
  request: { address: string; now: number },
): Client | ClientRefusal {
  const refusal = refusalOf(token, master) ?? (isExpired(token, request.now) ? 'expired' : undefined);
  if (refusal) return refusal;
  if (!isAddressAllowed(token, request.address)) return 'address_denied';
  return {
    key_id: Number(token.id),
    master_id: Number(token.master_id),
    group: token.group ?? '',
    scopes: listOf(token.scopes),
    namespaces: listOf(token.namespaces ?? master.namespaces),
    default_namespace: token.default_namespace ?? '',
    model_limits: token.model_limits_enabled === 'true' ? listOf(token.model_limits) : undefined,
    version: token.ver ?? '',
  };
}

const STATUSES: Record<string, ClientRefusal> = {
  revoked: 'revoked',
  suspended: 'suspended',
  exhausted: 'exhausted',
};

/** A status that this reader does not know is no permission. */
function refusalOf(token: Token, master: Master): ClientRefusal | undefined {
  if (token.status !== 'active') return STATUSES[token.status ?? ''] ?? 'unknown_key';
  return master.status === 'active' ? undefined : 'suspended';
}

const isExpired = ({ expires_at }: Token, now: number): boolean =>
  expires_at !== undefined && Number(expires_at) * 1000 <= now;

function isAddressAllowed({ allow_ips, deny_ips }: Token, address: string): boolean {
  if (deny_ips === undefined && allow_ips === undefined) return true;
  // Who can't be compared with a list of the denied may be one of them.
  if (isIP(address) === 0 || isListed(deny_ips, address)) return false;
  return allow_ips === undefined || isListed(allow_ips, address);
}

function isListed(ranges: string | undefined, address: string): boolean {
  const list = new BlockList();
  for (const range of listOf(ranges)) {
    const [network = '', bits] = range.split('/');
    const isV6 = isIP(network) === 6;
    list.addSubnet(network, Number(bits ?? (isV6 ? 128 : 32)), isV6 ? 'ipv6' : 'ipv4');
  }
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

const listOf = (text: string | undefined): string[] => (text ? text.split(',') : []);
