import { Injectable } from '@nestjs/common';
import { ApplyWriter } from './apply-writer.js';
import { inClosureOrder, type Group } from './closure.js';
import { changesSince, fewChangesSince, readHead, type Head } from './head.js';
import { markerName, standingOf, type FoundMarker, type Marker, type Standing } from './marker.js';
import { isWrongType } from './redis-store.js';
import type { BrokenResource, ResourceRef } from './resource.js';
import type { Sql } from './sync-database.js';
import { SyncTools } from './sync-tools.js';

const HEARTBEAT_SECONDS = 1;

export interface Progress {
  /** Where Redis stood. It follows now if it was `current` or `behind`; anything else takes a full snapshot. */
  standing: Standing | 'backlog' | 'wrong_type';
  head: Head;
  /** Of a backlog, the few changes that are not of its mass are in Redis, so that what comes after may follow them. */
  isAhead?: boolean;
}

/** The everyday road: brings Redis from its marker to the head, reading one moment of PostgreSQL. */
@Injectable()
export class Increment {
  /** Up to where a Redis with that marker has the few changes of a backlog. */
  private ahead = { marker: '', version: '0' };

  constructor(private readonly tools: SyncTools) {}

  async run({ marker, fault }: FoundMarker, fence: string): Promise<Progress> {
    return this.tools.database.atOneMoment(async (sql) => {
      const head = await readHead(sql);
      const standing = standingOf(marker, head);
      if (!marker || (standing !== 'current' && standing !== 'behind')) return { standing, head };

      const retryBroken = this.tools.quarantine.isRetryDue();
      const isFresh = unixNow() - Number(marker.heartbeat) < HEARTBEAT_SECONDS && marker.fence === fence;
      if (standing === 'current' && isFresh && !retryBroken) return { standing, head };

      const durable = this.tools.durability.cover(head, sql);
      const changes = await changesSince(sql, marker.version, { retryBroken });
      const writer = new ApplyWriter(this.tools, { head, from: marker.version, fence, durable });
      if (!changes) {
        const progress = await this.runAhead(sql, marker, head, writer);
        // Beside a part that does not answer only denials are written.
        if (progress.isAhead && !fault) this.ahead = { marker: markerName(marker), version: head.version };
        return progress;
      }
      const arrived = this.tools.metrics.onTheirWay(changes, marker.version);
      const isSent = await this.send(sql, inClosureOrder(changes), writer, () => writer.finish());
      if (!isSent) return { standing: 'wrong_type', head };
      arrived();
      return { standing, head };
    });
  }

  /**
   * What one tenant's thousands of keys would keep from everybody else until the full snapshot is in, or is confirmed. The
   * marker says nothing of it: it is there before its time, and all that it names is there too.
   */
  private async runAhead(sql: Sql, marker: Marker, head: Head, writer: ApplyWriter): Promise<Progress> {
    const name = markerName(marker);
    const changes = await fewChangesSince(sql, name === this.ahead.marker ? this.ahead.version : marker.version);
    if (!changes) return { standing: 'backlog', head };
    const isSent = await this.send(sql, inClosureOrder(changes), writer, () => writer.flush());
    if (!isSent) return { standing: 'wrong_type', head };
    return { standing: 'backlog', head, isAhead: true };
  }

  /** @returns false if a hash has another type: that can't be repaired field by field */
  private send(sql: Sql, groups: Group[], writer: ApplyWriter, end: () => Promise<void>): Promise<boolean> {
    return this.sendAll(sql, groups, writer, end).then(() => true, unlessWrongType);
  }

  private async sendAll(sql: Sql, groups: Group[], writer: ApplyWriter, end: () => Promise<void>): Promise<void> {
    const broken: BrokenResource[] = [];
    const healed: ResourceRef[] = [];
    for await (const batch of this.tools.reader.groups(sql, groups)) {
      await writer.add(batch.resources);
      broken.push(...batch.broken);
      healed.push(...batch.healed);
    }
    // Before the marker passes them, or somebody who waits for it would take them for applied.
    await this.tools.quarantine.record(broken);
    await end();
    await this.tools.quarantine.clear(healed);
  }
}

function unlessWrongType(error: unknown): false {
  if (isWrongType(error)) return false;
  throw error;
}

const unixNow = (): number => Math.floor(Date.now() / 1000);
