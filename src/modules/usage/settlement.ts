import type { EntityManager } from 'typeorm';
import { DomainError } from '../../common/domain-error.js';
import type { Tx } from '../../outbox/tx.js';
import { digestOf, type Batch } from './batch.js';
import type { FlushedUsageView } from './flush.dto.js';
import { BOOK_SPENDS, COUNT_PROVIDERS, LOCK_KEYS } from './settlement.sql.js';
import { periodOf, type KeyCalendar } from './spend-period.js';

/** What a batch did, beside being counted. */
export interface Settlement {
  view: FlushedUsageView;
  exhausted: number;
}

/** Counts a batch, unless it was counted before. Everything it changes commits with the row that says so. */
export async function settle(tx: Tx, batch: Batch): Promise<Settlement> {
  const before = await claim(tx.manager, batch);
  if (before) return { view: viewOf(batch, true, before), exhausted: 0 };
  const { unknown: keys, exhausted } = await bookSpends(tx, batch);
  const providers = await countProviders(tx.manager, batch);
  const unknown = { keys, providers };
  if (keys.length + providers.length > 0) await noteUnknown(tx.manager, batch, unknown);
  return { view: viewOf(batch, false, unknown), exhausted };
}

type Unknown = FlushedUsageView['unknown'];

const viewOf = ({ node, batch_id }: Batch, duplicate: boolean, unknown: Unknown): FlushedUsageView => ({
  node,
  batch_id,
  duplicate,
  unknown,
});

/** @returns what was answered to the batch if it is a repetition. Whoever is at the same batch is waited for. */
async function claim(manager: EntityManager, batch: Batch): Promise<Unknown | undefined> {
  const { node, batch_id } = batch;
  const digest = digestOf(batch);
  const claimed = await manager.query<unknown[]>(
    'INSERT INTO usage.batches (node, batch_id, digest) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1',
    [node, batch_id, digest],
  );
  if (claimed.length > 0) return undefined;
  const [known] = await manager.query<{ digest: string; unknown_keys: string[]; unknown_providers: string[] }[]>(
    'SELECT digest, unknown_keys, unknown_providers FROM usage.batches WHERE node = $1 AND batch_id = $2',
    [node, batch_id],
  );
  if (known!.digest !== digest) throw otherBatch();
  return { keys: known!.unknown_keys.map(Number), providers: known!.unknown_providers.map(Number) };
}

const otherBatch = (): DomainError => {
  const message = 'Another batch of this node had this batch_id; this one is not counted';
  return new DomainError('conflict', message, { code: 'batch_id_reused', errors: [{ pointer: '/batch_id', message }] });
};

interface Booked {
  id: string;
  quota_limit: string | null;
  quota_used: string;
  balance: number;
  is_exhausted_now: boolean;
}

async function bookSpends(
  tx: Tx,
  { node, batch_id, entries }: Batch,
): Promise<{ unknown: number[]; exhausted: number }> {
  if (entries.length === 0) return { unknown: [], exhausted: 0 };
  const ids = [...new Set(entries.map(({ key_id }) => key_id))];
  const rows = await tx.manager.query<(KeyCalendar & { id: string })[]>(LOCK_KEYS, [ids]);
  const keys = new Map(rows.map((row) => [Number(row.id), row]));
  const now = new Date();
  const spends = entries.flatMap(({ period, last_used_at, ...counts }) => {
    const key = keys.get(counts.key_id);
    if (!key) return [];
    const { start, name } = periodOf(key, { period, last_used_at }, now);
    return [{ ...counts, last_used_at, period_start: start, period: name }];
  });
  const changed = await tx.manager.query<Booked[]>(BOOK_SPENDS, [JSON.stringify(spends), node, batch_id]);
  if (changed.length > 0) await declare(tx, changed);
  return {
    unknown: ids.filter((id) => !keys.has(id)),
    exhausted: changed.filter(({ is_exhausted_now }) => is_exhausted_now).length,
  };
}

/** A balance that is used up, or a quota that is, is news for balancers; all other counting is not. */
async function declare(tx: Tx, changed: Booked[]): Promise<void> {
  tx.changed('key', await liveSecrets(tx.manager, changed));
  for (const { id, quota_limit, quota_used, balance, is_exhausted_now } of changed) {
    tx.log({
      action: is_exhausted_now ? 'exhaust' : 'spend_balance',
      resource: 'key',
      resource_id: Number(id),
      before: null,
      after: is_exhausted_now ? { quota_limit: Number(quota_limit), quota_used: Number(quota_used) } : { balance },
    });
  }
}

/** Token hashes under which balancers know these keys. */
export async function liveSecrets(manager: EntityManager, keys: { id: string | number }[]): Promise<string[]> {
  const rows = await manager.query<{ token_hash: string }[]>(
    'SELECT token_hash FROM key_secrets WHERE key_id = ANY ($1) AND revoked_at IS NULL',
    [keys.map(({ id }) => id)],
  );
  return rows.map(({ token_hash }) => token_hash);
}

async function countProviders(manager: EntityManager, { providers }: Batch): Promise<number[]> {
  if (providers.length === 0) return [];
  const rows = await manager.query<{ id: string }[]>(COUNT_PROVIDERS, [JSON.stringify(providers)]);
  const known = new Set(rows.map(({ id }) => Number(id)));
  return [...new Set(providers.map(({ provider_id }) => provider_id))].filter((id) => !known.has(id));
}

async function noteUnknown(manager: EntityManager, { node, batch_id }: Batch, unknown: Unknown): Promise<void> {
  await manager.query(
    'UPDATE usage.batches SET unknown_keys = $3, unknown_providers = $4 WHERE node = $1 AND batch_id = $2',
    [node, batch_id, unknown.keys, unknown.providers],
  );
}
