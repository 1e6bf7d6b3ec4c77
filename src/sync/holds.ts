import { Injectable, Logger } from '@nestjs/common';
import type { Tx } from '../outbox/tx.js';
import { covers, describeLosses, type Loss } from './losses.js';
import { SyncDatabase } from './sync-database.js';

/**
 * - `takeover`: Redis holds the configuration of another database.
 * - `snapshot`, `reconcile`: most or all of a kind would go that way.
 */
export const HOLD_CAUSES = ['takeover', 'snapshot', 'reconcile'] as const;

export type HoldCause = (typeof HOLD_CAUSES)[number];

/** Something that takes away so much that an operator has to say whether it is meant. */
export interface Hold {
  cause: HoldCause;
  /** Names exactly what was shown, and so what is confirmed. */
  id: string;
  /** Of the database whose configuration would be replaced, if it is another. */
  source: string | null;
  losses: Loss[];
  since: Date;
  confirmed_at: Date | null;
}

/** What somebody would do. */
type Wish = Pick<Hold, 'cause' | 'source' | 'losses'>;

const FIELDS = 'cause, id, source, losses, since, confirmed_at';

/** What waits to be confirmed, kept in the database so that every replica can tell and the next leader knows. */
@Injectable()
export class Holds {
  private readonly logger = new Logger('Guard');
  /** Causes for which there may be a row. */
  private readonly open = new Set<HoldCause>(HOLD_CAUSES);

  constructor(private readonly database: SyncDatabase) {}

  list(): Promise<Hold[]> {
    return this.database.query<Hold>(`SELECT ${FIELDS} FROM sync_holds ORDER BY since`);
  }

  async find(cause: HoldCause): Promise<Hold | undefined> {
    if (!this.open.has(cause)) return undefined;
    const [hold] = await this.database.query<Hold>(`SELECT ${FIELDS} FROM sync_holds WHERE cause = $1`, [cause]);
    return hold;
  }

  /** Whether so much may go; if nobody has said so, it is shown to be confirmed. */
  async permits(wish: Wish): Promise<boolean> {
    const hold = await this.find(wish.cause);
    if (hold?.source === wish.source && covers(hold.losses, wish.losses)) return hold.confirmed_at !== null;
    await this.place(wish);
    return false;
  }

  private async place({ cause, source, losses }: Wish): Promise<void> {
    this.open.add(cause);
    await this.database.query(
      `INSERT INTO sync_holds (cause, source, losses) VALUES ($1, $2, $3)
           ON CONFLICT (cause) DO UPDATE
          SET id = EXCLUDED.id, source = EXCLUDED.source, losses = EXCLUDED.losses, since = EXCLUDED.since,
              confirmed_at = NULL`,
      [cause, source, JSON.stringify(losses)],
    );
    this.logger.error(describeHold({ cause, source, losses }));
  }

  async lift(...causes: HoldCause[]): Promise<void> {
    for (const cause of causes.filter((each) => this.open.has(each))) {
      await this.database.query('DELETE FROM sync_holds WHERE cause = $1', [cause]);
      this.open.delete(cause);
    }
  }

  /** Another replica may have left something while it led. */
  recall(): void {
    for (const cause of HOLD_CAUSES) this.open.add(cause);
  }
}

/** @returns what was confirmed, or undefined if that is not what waits any more */
export async function confirmHold({ manager }: Tx, id: string): Promise<Hold | undefined> {
  const [rows] = await manager.query<[Hold[], number]>(
    `UPDATE sync_holds SET confirmed_at = coalesce(confirmed_at, now()) WHERE id = $1 RETURNING ${FIELDS}`,
    [id],
  );
  return rows[0];
}

export function describeHold({ cause, source, losses }: Wish): string {
  const what = describeLosses(losses);
  if (cause === 'takeover') {
    const loss = what && `; taking its place would leave ${what}`;
    return `Redis holds the configuration of another database (${source}), so nothing is written there${loss}`;
  }
  const who = cause === 'snapshot' ? 'A full snapshot' : 'The reconciler';
  return `${who} would take away too much to do it unasked: ${what}`;
}
