import { lookup, type LookupAddress } from 'node:dns';
import dns from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isBlockedAddress, type OutboundRules } from './outbound-url.js';
import { Turnstile } from './turnstile.js';

const PATIENCE_MS = 2_000;

/** A name that no server answers for holds one of Node's four threads for such work, and all else waits for these, too. */
const lookups = new Turnstile(2, 1_000);

/** Every address that the name stands for has to be public: which of them is taken is not ours to choose. */
export const publicLookup =
  ({ allowCidrs }: OutboundRules): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      if (isAnyBlocked(addresses, allowCidrs))
        return callback(new Error('The name stands for a private or reserved address'), []);
      if (options.all) callback(null, addresses);
      else callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };

/**
 * Those of these hosts that stand for a private or reserved address now, as far as two seconds tell. A name that stands for
 * nothing is none of them: it may come to stand for something later, and whoever connects looks again.
 */
export async function privateHosts(
  hosts: Iterable<string>,
  { allowCidrs }: Pick<OutboundRules, 'allowCidrs'>,
): Promise<Set<string>> {
  const found = new Set<string>();
  const deadline = Date.now() + PATIENCE_MS;
  const look = async (host: string): Promise<void> => {
    if (Date.now() > deadline) return;
    if (isAnyBlocked(await dns.lookup(host, { all: true }), allowCidrs)) found.add(host);
  };
  const looks = [...new Set(hosts)].map((host) => lookups.pass(() => look(host)).catch(() => undefined));
  await Promise.race([Promise.all(looks), sleep(PATIENCE_MS, undefined, { ref: false })]);
  return found;
}

const isAnyBlocked = (addresses: LookupAddress[], allowCidrs: readonly string[]): boolean =>
  addresses.some(({ address }) => isBlockedAddress(address, allowCidrs));
