import { Injectable } from '@nestjs/common';
import { ApplyWriter } from './apply-writer.js';
import { inClosureOrder, type Group } from './closure.js';
import { changesSince, readHead, type Head } from './head.js';
import { standingOf, type FoundMarker, type Standing } from './marker.js';
import { isWrongType } from './redis-store.js';
import type { BrokenResource, ResourceRef } from './resource.js';
import type { Sql } from './sync-database.js';
import { SyncTools } from './sync-tools.js';

const HEARTBEAT_SECONDS = 1;

export interface Progress {
  /** Where Redis stood. It follows now if it was `current` or `behind`; anything else takes a full snapshot. */
  standing: Standing | 'backlog' | 'wrong_type';
  head: Head;
}

/** The everyday road: brings Redis from its marker to the head, reading one moment of PostgreSQL. */
@Injectable()
export class Increment {
  constructor(private readonly tools: SyncTools) {}

  async run({ marker }: FoundMarker, fence: string): Promise<Progress> {
    return this.tools.database.atOneMoment(async (sql) => {
      const head = await readHead(sql);
      const standing = standingOf(marker, head);
      if (!marker || (standing !== 'current' && standing !== 'behind')) return { standing, head };

      const retryBroken = this.tools.quarantine.isRetryDue();
      const isFresh = unixNow() - Number(marker.heartbeat) < HEARTBEAT_SECONDS && marker.fence === fence;
      if (standing === 'current' && isFresh && !retryBroken) return { standing, head };

      const durable = this.tools.durability.cover(head, sql);
      const changes = await changesSince(sql, marker.version, { retryBroken });
      if (!changes) return { standing: 'backlog', head };
      const arrived = this.tools.metrics.onTheirWay(changes, marker.version);
      const writer = new ApplyWriter(this.tools, { head, from: marker.version, fence, durable });
      const isSent = await this.send(sql, writer, inClosureOrder(changes)).then(() => true, unlessWrongType);
      if (!isSent) return { standing: 'wrong_type', head };
      arrived();
      return { standing, head };
    });
  }

  private async send(sql: Sql, writer: ApplyWriter, groups: Group[]): Promise<void> {
    const broken: BrokenResource[] = [];
    const healed: ResourceRef[] = [];
    for await (const batch of this.tools.reader.groups(sql, groups)) {
      await writer.add(batch.resources);
      broken.push(...batch.broken);
      healed.push(...batch.healed);
    }
    // Before the marker passes them, or somebody who waits for it would take them for applied.
    await this.tools.quarantine.record(broken);
    await writer.finish();
    await this.tools.quarantine.clear(healed);
  }
}

/** A hash that somebody gave another type can't be repaired field by field. */
function unlessWrongType(error: unknown): false {
  if (isWrongType(error)) return false;
  throw error;
}

const unixNow = (): number => Math.floor(Date.now() / 1000);
