import { Injectable } from '@nestjs/common';
import type { Receipt } from '../common/request-context.js';
import { Propagation, type PropagationOutcome } from '../http/receipt.js';
import { MarkerWatch } from './marker-watch.js';
import { SyncDatabase } from './sync-database.js';
import { isNewer } from './versions.js';

/** Answers writers who ask to wait until Redis holds their change. */
@Injectable()
export class AppliedWait extends Propagation {
  constructor(
    private readonly watch: MarkerWatch,
    private readonly database: SyncDatabase,
  ) {
    super();
  }

  async wait({ gen, version }: Receipt, timeoutMs: number): Promise<PropagationOutcome> {
    const deadline = Date.now() + timeoutMs;
    // Another generation may begin because this database lost commits: then nobody can say whether this one is among them.
    const isReached = await this.watch.until(
      (marker) => marker.gen === gen && !isNewer(version, marker.version),
      timeoutMs,
    );
    if (!isReached) return 'pending';
    const isWhole = await Promise.race([this.isRendered(version), after(deadline - Date.now())]);
    return isWhole ? 'applied' : 'pending';
  }

  /** The marker also passes what is quarantined. */
  private async isRendered(version: string): Promise<boolean> {
    try {
      const broken = await this.database.query(
        'SELECT 1 FROM sync_resource WHERE version = $1 AND quarantined_at IS NOT NULL LIMIT 1',
        [version],
      );
      return broken.length === 0;
    } catch {
      return false;
    }
  }
}

const after = (ms: number): Promise<false> =>
  new Promise((resolve) => setTimeout(() => resolve(false), Math.max(ms, 0)));
