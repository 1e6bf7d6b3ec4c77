import { SYNC_KINDS } from '../contract/redis-keys.js';
import { ApplyWriter, RefusedError } from './apply-writer.js';
import { inClosureOrder } from './closure.js';
import { collectOrphans } from './collector.js';
import { changesSince, readHead, type Head } from './head.js';
import type { Increment } from './increment.js';
import { markerName, standingOf, type Marker } from './marker.js';
import type { Batch, Page } from './resource-reader.js';
import type { Resource } from './resource.js';
import { StageLostError, StageWriter } from './stage-writer.js';
import type { SyncTools } from './sync-tools.js';
import { isNewer, oldest } from './versions.js';

const SWAP_ATTEMPTS = 5;

export interface SnapshotOrder {
  fence: string;
  /** What Redis holds before: nothing at all, what follows this database, or what nobody can tell. */
  before: 'nothing' | 'following' | 'unknown';
  /** Requests that this snapshot answers. */
  ids: readonly string[];
  /** Whether something was committed since it was last asked. */
  hasNews: () => boolean;
  /** Ends the snapshot at the next page; nothing is swapped in then. */
  signal: AbortSignal;
}

/**
 * Replaces everything that Redis holds: collects all resources beside the live ones, catches up with what changes
 * meanwhile, and swaps in one step. A Redis that follows goes on following every commit until then; in one that doesn't,
 * secrets are taken away as soon as that is known. So nobody waits for a snapshot, and nothing that was gone comes back.
 */
export class FullSnapshot {
  resources = 0;
  private readonly writer: StageWriter;
  /** Every change up to here is staged. */
  private staged: string;
  /** Every change up to here is live; undefined where what is live doesn't follow. */
  private live: string | undefined;

  constructor(
    private readonly tools: SyncTools,
    private readonly increment: Increment,
    private readonly order: SnapshotOrder,
    { gen, version }: Head,
  ) {
    this.writer = new StageWriter(tools.store, gen);
    this.staged = version;
  }

  async run(): Promise<Head> {
    const { before } = this.order;
    await this.writer.open();
    await this.catchUp();
    if (before === 'unknown') await this.denyTokens();
    await this.stageSmallKinds();
    await this.stageKeys();
    const head = await this.swapIn();
    if (before !== 'nothing') await this.collect(head);
    return head;
  }

  /** Redis may be an old copy in which revoked secrets still work: that can't wait until all others are written. */
  private async denyTokens(): Promise<void> {
    const { database, reader } = this.tools;
    await this.eachPage(
      (after) => reader.pageOfDenied(database, after),
      ({ resources }) => this.writer.putRecords(resources),
    );
  }

  /** All kinds that refer to each other, as of one moment. */
  private async stageSmallKinds(): Promise<void> {
    const { database, reader } = this.tools;
    await database.atOneMoment(async (sql) => {
      for (const kind of SYNC_KINDS.filter((each) => each !== 'key')) {
        await this.eachPage(
          (after) => reader.page(sql, kind, after),
          (page) => this.stagePage(page),
        );
      }
    });
  }

  private async stageKeys(): Promise<void> {
    const { database, reader } = this.tools;
    await this.eachPage(
      (after) => reader.page(database, 'key', after),
      (page) => this.stagePage(page),
    );
  }

  /** Reads the next page while this one is on its way to Redis. */
  private async eachPage(read: (after: string) => Promise<Page>, use: (page: Page) => Promise<void>): Promise<void> {
    for (let reading: Promise<Page> | undefined = read(''); reading;) {
      const page: Page = await reading;
      reading = page.next === undefined ? undefined : read(page.next);
      reading?.catch(() => undefined); // Awaited above, unless what follows fails first.
      await use(page);
      if (this.order.hasNews()) await this.catchUp();
      this.order.signal.throwIfAborted();
    }
  }

  private stagePage(page: Page): Promise<void> {
    // Where what is live follows, a record goes there together with its field, and never ahead of it.
    const isAhead = ({ version }: Resource): boolean => this.live !== undefined && isNewer(version, this.live);
    return this.stage(
      page,
      page.resources.filter((resource) => !isAhead(resource)),
    );
  }

  private async stage(batch: Batch, records: readonly Resource[]): Promise<void> {
    await this.writer.add(batch, records);
    await this.tools.quarantine.record(batch.broken);
    await this.tools.quarantine.clear(batch.healed);
    this.resources += batch.resources.length;
  }

  /**
   * Brings the stage to the head, and what is live with it, from one reading of what has changed.
   * @returns the head, and the name of the marker that belongs to what is live now
   */
  private async catchUp(): Promise<{ head: Head; marker: string }> {
    const { store, database, reader, metrics } = this.tools;
    const found = await store.survey(this.order.fence);
    if (found.fault) throw found.fault;
    return database.atOneMoment(async (sql) => {
      const head = await readHead(sql);
      const from = this.liveVersion(found.marker, head);
      const live =
        from === undefined ? undefined : new ApplyWriter(this.tools, { head, from, fence: this.order.fence });
      const changes = await changesSince(sql, from === undefined ? this.staged : oldest(from, this.staged));
      const arrived = from === undefined ? undefined : metrics.onTheirWay(changes, from);
      for await (const batch of reader.groups(sql, inClosureOrder(changes))) {
        await live?.add(batch.resources);
        await this.stage(batch, live ? [] : batch.resources);
      }
      await live?.finish();
      arrived?.();
      this.staged = head.version;
      this.live = live && head.version;
      return { head, marker: live ? markerName(head) : found.name };
    });
  }

  /** Where what is live has to follow from; undefined where it can't. */
  private liveVersion(marker: Marker | undefined, head: Head): string | undefined {
    const standing = standingOf(marker, head);
    const isFollowing = standing === 'current' || standing === 'behind';
    const isChanged = head.gen !== this.writer.gen || (this.order.before === 'following' && !isFollowing);
    if (isChanged || standing === 'alien') throw new RefusedError('another generation has begun', this.order.fence);
    return this.order.before === 'following' ? marker!.version : undefined;
  }

  private async swapIn(): Promise<Head> {
    for (let attempt = 1; attempt <= SWAP_ATTEMPTS; attempt++) {
      const { head, marker } = await this.catchUp();
      const { status, detail } = await this.tools.store.swap({
        expected: marker,
        head,
        fence: this.order.fence,
        nonce: this.writer.nonce,
        receipts: this.writer.receipts,
        snapshot: this.order.ids.join(','),
      });
      if (status === 'ok') return head;
      if (status === 'stage') throw new StageLostError(detail);
      if (status === 'fenced') throw new RefusedError('fenced', detail);
    }
    throw new RefusedError('somebody else moves the marker', this.order.fence);
  }

  private async collect({ gen }: Head): Promise<void> {
    const { fence, hasNews, signal } = this.order;
    const between = async (): Promise<void> => {
      if (hasNews()) await this.increment.run(await this.tools.store.survey(fence), fence);
      signal.throwIfAborted();
    };
    await collectOrphans(this.tools, { gen, fence, between });
  }
}
