import type { EntityManager } from 'typeorm';
import { isKnownZone, periodAt, type QuotaResetType } from '../../common/quota-calendar.js';
import { quotaPeriod } from '../../contract/quota-period.js';
import type { Tx } from '../../outbox/tx.js';
import { liveSecrets } from './settlement.js';

/** Each batch is one version; this keeps the head free for others within some hundredths of a second. */
export const RESETS_AT_ONCE = 1_000;

/** Any number that every release agrees on. */
export const RESET_LOCK = 7_361_407;

interface DueKey {
  id: string;
  quota_limit: string | null;
  quota_reset_type: Exclude<QuotaResetType, 'none'>;
  quota_timezone: string;
}

export interface Reset {
  /** How many keys were due, up to so many at once. */
  found: number;
  /** Time zones of those that could not be reset. */
  unknownZones: string[];
}

/**
 * Begins the quota period that is now for keys whose last one is over. One replica at a time does this, which saves work; that
 * a key is reset once follows from its row, which is locked and no longer due when it was reset.
 */
export async function resetDueKeys(tx: Tx, now: Date, leftOut: Iterable<string>): Promise<Reset> {
  if (!(await isLeader(tx.manager))) return { found: 0, unknownZones: [] };
  const due = await lockDue(tx.manager, now, [...leftOut]);
  const known = due.filter(({ quota_timezone }) => isKnownZone(quota_timezone));
  if (known.length > 0) await reset(tx, known, now);
  const unknown = due.filter(({ quota_timezone }) => !isKnownZone(quota_timezone));
  return { found: due.length, unknownZones: unknown.map(({ quota_timezone }) => quota_timezone) };
}

async function reset(tx: Tx, due: DueKey[], now: Date): Promise<void> {
  await openPeriods(tx.manager, due, now);
  tx.log({
    action: 'reset_quota',
    resource: 'key',
    resource_id: null,
    before: null,
    after: { keys: due.length, first_id: Number(due[0]!.id), last_id: Number(due.at(-1)!.id) },
  });
  // Balancers see nothing of the period of a key without a limit.
  const seen = due.filter(({ quota_limit }) => quota_limit !== null);
  tx.changed('key', await liveSecrets(tx.manager, seen));
}

async function isLeader(manager: EntityManager): Promise<boolean> {
  const [row] = await manager.query<{ won: boolean }[]>('SELECT pg_try_advisory_xact_lock($1) AS won', [RESET_LOCK]);
  return row!.won;
}

/** What others hold is left for the next time, which is sooner than waiting would be. */
const lockDue = (manager: EntityManager, now: Date, leftOut: string[]): Promise<DueKey[]> =>
  manager.query<DueKey[]>(
    `SELECT id, quota_limit, quota_reset_type, quota_timezone FROM keys
      WHERE id IN (SELECT id FROM keys WHERE quota_reset_at <= $1 AND status <> 'revoked' AND quota_timezone <> ALL ($3)
                    ORDER BY quota_reset_at LIMIT $2)
        AND quota_reset_at <= $1
      ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`,
    [now, RESETS_AT_ONCE, leftOut],
  );

/** The old row keeps what was used; the new one may be there already, with spends that came before the reset. */
async function openPeriods(manager: EntityManager, due: DueKey[], now: Date): Promise<void> {
  const next = due.map(({ id, quota_reset_type, quota_timezone }) => {
    const { start, end } = periodAt(now, quota_reset_type, quota_timezone);
    return { id, period_start: start, reset_at: end, period: quotaPeriod(quota_reset_type, start, quota_timezone) };
  });
  await manager.query(
    `WITH next AS (
       SELECT n.*, k.quota_period_start AS old_start, k.quota_adjusted, k.quota_limit
         FROM jsonb_to_recordset($1::jsonb) AS n (id bigint, period_start timestamptz, reset_at timestamptz, period text)
         JOIN keys k ON k.id = n.id
     ), closed AS (
       UPDATE usage.periods p SET closed_at = now(), adjusted = n.quota_adjusted, quota_limit = n.quota_limit
         FROM next n WHERE p.key_id = n.id AND p.period_start = n.old_start
     ), opened AS (
       INSERT INTO usage.periods AS p (key_id, period_start, period, quota_limit)
       SELECT id, period_start, period, quota_limit FROM next
           ON CONFLICT (key_id, period_start) DO UPDATE SET quota_limit = EXCLUDED.quota_limit, closed_at = NULL
       RETURNING key_id, used
     )
     UPDATE keys k SET quota_period_start = n.period_start, quota_reset_at = n.reset_at, quota_used = o.used, quota_adjusted = 0
       FROM next n JOIN opened o ON o.key_id = n.id
      WHERE k.id = n.id`,
    [JSON.stringify(next)],
  );
}
