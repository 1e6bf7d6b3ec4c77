import { DomainError } from '../../common/domain-error.js';
import { currentPeriod, isKnownZone } from '../../common/quota-calendar.js';
import { unprocessableItem } from '../../crud/item-errors.js';
import type { Tenant } from './key-master.js';
import type { Key, QuotaResetType } from './key.entity.js';

/** Fields as they were sent: absent keeps, null clears. */
type Sent = {
  [F in 'status' | 'namespaces' | 'default_namespace' | 'quota_reset_type' | 'quota_timezone']?: Key[F] | null;
};

export function assertNamespaces(tenant: Tenant, { namespaces, default_namespace }: Sent, index: number): void {
  const foreign = namespaces?.findIndex((name) => !tenant.namespaces.includes(name)) ?? -1;
  if (foreign >= 0) {
    throw unprocessableItem(index, `namespaces/${foreign}`, `The master has no namespace ${namespaces![foreign]}`);
  }
  const usable = namespaces && namespaces.length > 0 ? namespaces : tenant.namespaces;
  if (!default_namespace || usable.includes(default_namespace)) return;
  throw unprocessableItem(index, 'default_namespace', 'default_namespace must be a namespace that the key may use');
}

export function assertNotOver(expiresAt: string | undefined, index: number): void {
  if (!expiresAt || Date.parse(expiresAt) > Date.now()) return;
  throw unprocessableItem(index, 'expires_at', 'expires_at must be in the future');
}

/** What was revoked may be in the hands of anyone, so nothing brings it back: neither a status nor clearing it. */
export function assertNotRevived(before: Key, { status }: Sent, index: number): void {
  if (before.status !== 'revoked' || status === undefined || status === 'revoked') return;
  throw keyRevoked(`/${index}/status`);
}

export function keyRevoked(pointer: string): DomainError {
  const message = 'The key is revoked, which is final';
  return new DomainError('conflict', message, { code: 'key_revoked', errors: [{ pointer, message }] });
}

/** The quota period of a key that gets these fields; nothing where they leave it as it is. */
export function newQuotaPeriod(before: Quota, sent: Sent, index: number): QuotaPeriod {
  const type = valueOf(sent.quota_reset_type, before.quota_reset_type, 'none');
  const zone = valueOf(sent.quota_timezone, before.quota_timezone, 'UTC');
  if (type === before.quota_reset_type && zone === before.quota_timezone) return {};
  if (type === 'none') return { quota_period_start: null, quota_reset_at: null };
  // One that was stored by a server with newer data.
  if (!isKnownZone(zone)) throw unprocessableItem(index, 'quota_timezone', `This server has no time zone ${zone}`);
  const { start, end } = currentPeriod(type, zone);
  return { quota_period_start: start, quota_reset_at: end };
}

type QuotaPeriod = Partial<Pick<Key, 'quota_period_start' | 'quota_reset_at'>>;

interface Quota {
  quota_reset_type: QuotaResetType;
  quota_timezone: string;
}

/** As the columns have it when nothing is sent. */
export const NO_RESETS: Quota = { quota_reset_type: 'none', quota_timezone: 'UTC' };

const valueOf = <T>(sent: T | null | undefined, before: T, empty: T): T =>
  sent === undefined ? before : (sent ?? empty);
