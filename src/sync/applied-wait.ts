import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Receipt } from '../common/request-context.js';
import { Propagation, type PropagationOutcome, type PropagationWait } from '../http/receipt.js';
import { AckWatch } from './data-planes/ack-watch.js';
import { MarkerWatch } from './marker-watch.js';
import { SyncDatabase } from './sync-database.js';
import { isNewer } from './versions.js';

/**
 * A version may have touched whatever is quarantined at it or at a later one, for a row tells only who touched it last, as that
 * of its master may do for a key. Nobody is told `applied` who might be meant. OFFSET 0 keeps the planner from looking
 * through all keys for the few that are quarantined.
 */
export const IS_RENDERED = `
  SELECT FROM sync_head WHERE source::text = $2 AND NOT EXISTS (
    SELECT FROM (SELECT * FROM sync_resource WHERE quarantined_at IS NOT NULL OFFSET 0) s
      LEFT JOIN LATERAL (
        SELECT whole.version FROM key_secrets secret
          JOIN keys k ON k.id = secret.key_id
          JOIN sync_resource whole ON whole.kind = 'master_keys' AND whole.ref = k.master_id::text
         WHERE s.kind = 'key' AND secret.token_hash = s.ref AND secret.revoked_at IS NULL OFFSET 0) whole ON true
     WHERE greatest(s.version, whole.version) >= $1)`;

/** Answers writers who ask to wait until Redis holds their change, or until all data planes serve it. */
@Injectable()
export class AppliedWait extends Propagation {
  constructor(
    private readonly watch: MarkerWatch,
    private readonly database: SyncDatabase,
    private readonly acks: AckWatch,
  ) {
    super();
  }

  async wait(receipt: Receipt, { for: awaited, timeoutMs }: PropagationWait): Promise<PropagationOutcome> {
    const deadline = Date.now() + timeoutMs;
    const isApplied = await this.isApplied(receipt, deadline);
    const isReached = isApplied && (awaited === 'applied' || (await this.acks.until(receipt, deadline - Date.now())));
    return isReached ? 'applied' : 'pending';
  }

  private async isApplied({ gen, version }: Receipt, deadline: number): Promise<boolean> {
    // Another generation may begin because this database lost commits: then nobody can say whether this one is among them.
    const isReached = await this.watch.until(
      (marker) => marker.gen === gen && !isNewer(version, marker.version),
      deadline - Date.now(),
    );
    return isReached && before(deadline, this.isRendered(version));
  }

  /** The marker also passes what is quarantined, and may be that of another database. */
  private async isRendered(version: string): Promise<boolean> {
    try {
      const rendered = await this.database.query(IS_RENDERED, [version, this.watch.lastSeen?.source]);
      return rendered.length === 1;
    } catch {
      return false;
    }
  }
}

/** False if the answer does not come in time. */
async function before(deadline: number, answer: Promise<boolean>): Promise<boolean> {
  const giveUp = new AbortController();
  const late = sleep(deadline - Date.now(), false, { signal: giveUp.signal }).catch(() => false);
  const result = await Promise.race([answer, late]);
  giveUp.abort();
  return result;
}
