import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import type { ReconcileUsageDto, UsageDifferenceView, UsageReconciliationView } from './books.dto.js';
import {
  COMPARE_KEYS,
  COMPARE_MASTERS,
  LOCK_MASTERS,
  PAGE_OF_KEYS,
  PAGE_OF_MASTERS,
  REPAIR_KEYS,
  REPAIR_MASTERS,
} from './reconciliation.sql.js';
import { RollupComparison } from './rollup-comparison.js';
import { liveSecrets } from './settlement.js';
import { LOCK_KEYS } from './settlement.sql.js';

type Row = Record<'kind' | 'id' | 'counter' | 'ledger' | 'counted', string> & { period_start: Date | null };

/** Compares counters with the ledger, which is right. Normal operation never differs. */
@Injectable()
export class UsageReconciliation {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly rollups: RollupComparison,
  ) {}

  /** Page by page of keys, and with the last of them begins what goes page by page of masters. */
  async reconcile({
    repair = false,
    after_key_id = 0,
    after_master_id,
    limit = 1_000,
  }: ReconcileUsageDto): Promise<UsageReconciliationView> {
    const ofKeys = [after_key_id, after_master_id === undefined ? limit : 0] as const;
    const [page] = await this.database.query<{ keys: number; last: string | null }[]>(PAGE_OF_KEYS, [...ofKeys]);
    const isLast = page!.keys < limit;
    const masters = isLast ? await this.mastersAfter(after_master_id ?? 0, limit) : [];
    const differences = [
      ...(await this.database.query<Row[]>(COMPARE_KEYS, [...ofKeys])),
      ...(await this.database.query<Row[]>(COMPARE_MASTERS, [masters])),
    ].map(toView);
    const repaired = repair && differences.length > 0;
    if (repaired) await this.outbox.write((tx) => repairAll(tx, differences));
    return {
      ...{ keys: page!.keys, differences, repaired },
      rollups: await this.rollups.compare(...ofKeys),
      next_after_key_id: isLast ? null : Number(page!.last),
      next_after_master_id: masters.length < limit ? null : masters.at(-1)!,
    };
  }

  private async mastersAfter(id: number, limit: number): Promise<number[]> {
    const rows = await this.database.query<{ id: string }[]>(PAGE_OF_MASTERS, [id, limit]);
    return rows.map((row) => Number(row.id));
  }
}

/** What was found is only where to look: sums are taken again under locks. */
async function repairAll(tx: Tx, differences: UsageDifferenceView[]): Promise<void> {
  const keys = idsOf(differences, 'key', 'period');
  const masters = idsOf(differences, 'master');
  await tx.manager.query(LOCK_KEYS, [keys]);
  await tx.manager.query(REPAIR_KEYS, [keys]);
  if (masters.length > 0) {
    await tx.manager.query(LOCK_MASTERS, [masters]);
    await tx.manager.query(REPAIR_MASTERS, [masters]);
  }
  tx.changed(
    'key',
    await liveSecrets(
      tx.manager,
      keys.map((id) => ({ id })),
    ),
  );
  for (const { kind, id, counter, ledger, counted } of differences) {
    const resource = kind === 'master' ? 'master' : 'key';
    tx.log({
      action: 'repair_usage',
      resource,
      resource_id: id,
      before: { [counter]: counted },
      after: { [counter]: ledger },
    });
  }
}

const idsOf = (differences: UsageDifferenceView[], ...kinds: UsageDifferenceView['kind'][]): number[] => [
  ...new Set(differences.filter(({ kind }) => kinds.includes(kind)).map(({ id }) => id)),
];

const toView = (row: Row): UsageDifferenceView => ({
  kind: row.kind as UsageDifferenceView['kind'],
  id: Number(row.id),
  period_start: row.period_start,
  counter: row.counter,
  ledger: Number(row.ledger),
  counted: Number(row.counted),
});
