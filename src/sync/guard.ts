import { Injectable } from '@nestjs/common';
import { expectedCounts } from './expected.js';
import type { Head } from './head.js';
import { Holds } from './holds.js';
import { lossesOf, type Counts } from './losses.js';
import type { FoundMarker } from './marker.js';
import { SyncTools } from './sync-tools.js';

/** What was emptied is left to the one that it belonged to, which needs some seconds to notice. */
const YIELD_MS = 10_000;
/** What waits may have become harmless, which takes some counting to find out. */
const RECHECK_MS = 30_000;

const NONE: Counts = new Map();

/** Stands before everything that replaces what balancers use, and lets only pass what is harmless or confirmed. */
@Injectable()
export class Guard {
  private yieldsUntil = 0;
  private recheckAt = 0;

  constructor(
    private readonly tools: SyncTools,
    private readonly holds: Holds,
  ) {}

  /** Whether this database may write to a Redis with that marker: never beside another one, or one of them is at the wrong place. */
  async mayWrite({ marker }: FoundMarker, head: Head): Promise<boolean> {
    if (!marker) return Date.now() >= this.yieldsUntil;
    if (marker.source === head.source) return true;
    const hold = await this.holds.find('takeover');
    const isShown = hold?.source === marker.source;
    if (isShown && hold?.confirmed_at) return true;
    this.yieldsUntil = Date.now() + YIELD_MS;
    if (!isShown) await this.holds.place({ cause: 'takeover', source: marker.source, losses: await this.allLosses() });
    return false;
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
    return lossesOf(held, await expectedCounts(this.tools.database, held), NONE);
  }
}
