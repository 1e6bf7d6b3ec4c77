import { Injectable } from '@nestjs/common';
import { expectedCounts } from './expected.js';
import type { Head } from './head.js';
import { Holds } from './holds.js';
import { lossesOf } from './losses.js';
import type { FoundMarker } from './marker.js';
import { SyncTools } from './sync-tools.js';

/** What was emptied is left to the one that it belonged to, which needs some seconds to notice. */
const YIELD_MS = 10_000;
/** What waits may have become harmless, which takes some counting to find out. */
const RECHECK_MS = 30_000;

/** Stands before everything that replaces what balancers use, and lets only pass what is harmless or confirmed. */
@Injectable()
export class Guard {
  private yieldsUntil = 0;
  private recheckAt = 0;
  private recountAt = 0;

  constructor(
    private readonly tools: SyncTools,
    private readonly holds: Holds,
  ) {}

  /** Whether this database may write to a Redis with that marker: never beside another one, or one of them is at the wrong place. */
  async mayWrite({ marker }: FoundMarker, head: Head): Promise<boolean> {
    if (!marker) return Date.now() >= this.yieldsUntil;
    if (marker.source === head.source) return true;
    if (await this.mayTakeOver(marker.source)) return true;
    this.yieldsUntil = Date.now() + YIELD_MS;
    return false;
  }

  /** The other deployment goes on while this one waits, so what would go is counted again before it goes. */
  private async mayTakeOver(source: string): Promise<boolean> {
    const hold = await this.holds.find('takeover');
    const isShown = hold?.source === source;
    if (isShown && !hold?.confirmed_at && Date.now() < this.recountAt) return false;
    this.recountAt = Date.now() + RECHECK_MS;
    return this.holds.permits({ cause: 'takeover', source, losses: await this.allLosses() });
  }

  /** Whether a full snapshot is worth its while: one that was held is not made again until that has changed. */
  async mayReplace(): Promise<boolean> {
    const hold = await this.holds.find('snapshot');
    return hold?.confirmed_at !== null || Date.now() >= this.recheckAt;
  }

  held(): void {
    this.recheckAt = Date.now() + RECHECK_MS;
  }

  private async allLosses() {
    const held = await this.tools.store.fieldCounts();
    return lossesOf({ held, rows: await expectedCounts(this.tools.database, held) });
  }
}
