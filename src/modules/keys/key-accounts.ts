import type { EntityManager } from 'typeorm';
import { OPEN_PERIOD, type Key } from './key.entity.js';

/** Fields that move what is accounted for a key. */
type Sent = { [F in 'balance' | 'quota_used' | 'quota_reset_type' | 'quota_timezone']?: Key[F] | null };

/**
 * After an operator's change: shows a balance that was set to balancers, and notes what of `quota_used` is not from usage, so
 * that counters can always be told from the ledger. A balance that was not set stays as it is shown: balancers have counted
 * against that.
 */
export async function keepAccounts(manager: EntityManager, keys: Key[], sent: Sent[]): Promise<void> {
  const moved = keys.filter((_, i) => movesAccounts(sent[i]!)).map(({ id }) => id);
  const funded = keys.filter((_, i) => sent[i]!.balance !== undefined).map(({ id }) => id);
  if (moved.length === 0) return;
  await manager.query(
    `UPDATE keys k
        SET balance_published = CASE WHEN id = ANY ($2) THEN balance ELSE balance_published END,
            quota_adjusted = quota_used - coalesce((SELECT used FROM usage.periods p
              WHERE p.key_id = k.id AND p.period_start = ${OPEN_PERIOD}), 0)
      WHERE id = ANY ($1)`,
    [moved, funded],
  );
}

const movesAccounts = ({ balance, quota_used, quota_reset_type, quota_timezone }: Sent): boolean =>
  [balance, quota_used, quota_reset_type, quota_timezone].some((value) => value !== undefined);
