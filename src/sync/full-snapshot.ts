import { SYNC_KINDS } from '../contract/redis-keys.js';
import { ApplyWriter, RefusedError } from './apply-writer.js';
import { inClosureOrder } from './closure.js';
import { collectOrphans } from './collector.js';
import { changedCounts, expectedCounts } from './expected.js';
import { changesSince, readHead, type Head } from './head.js';
import type { Increment } from './increment.js';
import { lossesOf, type Counts, type Loss } from './losses.js';
import { markerName, standingOf, type Marker } from './marker.js';
import type { Batch, Page } from './resource-reader.js';
import type { Resource } from './resource.js';
import { StageLostError, StageWriter } from './stage-writer.js';
import type { SyncTools } from './sync-tools.js';
import { isNewer, oldest } from './versions.js';

const SWAP_ATTEMPTS = 5;

export interface SnapshotOrder {
  fence: string;
  /** What Redis holds before: nothing at all, what follows this database, so far or but for a backlog, or what nobody can tell. */
  before: 'nothing' | 'following' | 'behind' | 'unknown';
  /** Whatever changed after this version was changed on purpose, and may be gone. */
  since: string;
  /** The database whose configuration may be replaced, if Redis holds that of another. */
  replaces: string | undefined;
  /** Whether so much may go. */
  permits: (losses: Loss[]) => Promise<boolean>;
  /** Requests that this snapshot answers. */
  ids: readonly string[];
  /** Whether something was committed since it was last asked. */
  hasNews: () => boolean;
  /** Ends the snapshot at the next page; nothing is swapped in then. */
  signal: AbortSignal;
}

/** It would take away too much, and nobody has said that this is meant. */
export class HeldError extends Error {
  override readonly name = 'HeldError';

  constructor() {
    super('It waits to be confirmed');
  }
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
    // Records go where they are read, so what can be known of losses has to be known before the first.
    if (before !== 'nothing') await this.assertMayLose();
    await this.writer.open();
    await this.catchUp();
    if (before === 'unknown' || before === 'behind') await this.denyTokens();
    await this.stageSmallKinds();
    await this.stageKeys();
    return this.swapIn();
  }

  /** Deletes the records that nothing explains, once it is in. */
  async collect({ gen }: Head): Promise<void> {
    const { before, fence, hasNews, signal } = this.order;
    if (before === 'nothing') return;
    const between = async (): Promise<void> => {
      if (hasNews()) await this.increment.run(await this.tools.store.survey(fence), fence);
      signal.throwIfAborted();
    };
    await collectOrphans(this.tools, { gen, fence, between });
  }

  /** @param fields what is staged; without, what there may be at most */
  private async assertMayLose(fields?: Counts): Promise<void> {
    const { store, database } = this.tools;
    const held = await store.fieldCounts();
    const prospect = { held, rows: await expectedCounts(database, held), fields };
    if (lossesOf(prospect).length === 0) return;
    const losses = lossesOf({ ...prospect, explained: await changedCounts(database, this.order.since) });
    if (losses.length > 0 && !(await this.order.permits(losses))) throw new HeldError();
  }

  /** Redis may be an old copy in which revoked secrets still work: that can't wait until all others are written. */
  private async denyTokens(): Promise<void> {
    const { database, reader } = this.tools;
    await this.eachPage(
      (after) => reader.pageOfDenied(database, after),
      (page) => this.writer.putRecords(this.withinReach(page)),
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

  /** Reads the next page while this one is on its way to Redis, and the one after that as soon as that is read. */
  private async eachPage(read: (after: string) => Promise<Page>, use: (page: Page) => Promise<void>): Promise<void> {
    let using = Promise.resolve();
    for (let reading: Promise<Page> | undefined = read(''); reading;) {
      const page: Page = await reading;
      reading = page.next === undefined ? undefined : read(page.next);
      reading?.catch(() => undefined); // Awaited above, unless what follows fails first.
      await using;
      this.order.signal.throwIfAborted();
      using = use(page);
      using.catch(() => undefined); // Awaited above or below, likewise.
      if (this.order.hasNews()) await using.then(() => this.catchUp());
    }
    await using;
  }

  private stagePage(page: Page): Promise<void> {
    const resources = this.withinReach(page);
    return this.stage({ ...page, resources }, resources);
  }

  /**
   * What is newer comes with the next change that is caught up with: no crash of PostgreSQL can take it back by then, and
   * where what is live follows, it goes there in order and its record together with its field.
   */
  private withinReach({ resources }: Page): Resource[] {
    return resources.filter(({ version }) => !isNewer(version, this.staged));
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
    const { store, database, durability, reader, metrics } = this.tools;
    const found = await store.survey(this.order.fence);
    if (found.fault) throw found.fault;
    return database.atOneMoment(async (sql) => {
      const head = await readHead(sql);
      const from = this.liveVersion(found.marker, head);
      const durable = durability.cover(head, sql);
      const target = { head, fence: this.order.fence, durable };
      const live = from === undefined ? undefined : new ApplyWriter(this.tools, { ...target, from });
      const isFollowing = this.order.before === 'following';
      const changes = await changesSince(sql, isFollowing ? oldest(from!, this.staged) : this.staged);
      // The next snapshot reads them in order, which is faster.
      if (!changes) throw new RefusedError('more has changed than can be caught up with', this.order.fence);
      const arrived = isFollowing ? metrics.onTheirWay(changes, from!) : undefined;
      await durable();
      for await (const batch of reader.groups(sql, inClosureOrder(changes))) {
        await live?.add(batch.resources);
        await this.stage(batch, live ? [] : batch.resources);
      }
      await (isFollowing ? live?.finish() : live?.flush());
      arrived?.();
      this.staged = head.version;
      return { head, marker: isFollowing ? markerName(head) : found.name };
    });
  }

  /** The version that what is live has, with all of which it can follow; undefined where it can't. */
  private liveVersion(marker: Marker | undefined, head: Head): string | undefined {
    const standing = standingOf(marker, head);
    const isFollowing = standing === 'current' || standing === 'behind';
    const mayFollow = this.order.before === 'following' || this.order.before === 'behind';
    const isChanged = head.gen !== this.writer.gen || (mayFollow && !isFollowing);
    const isForeign = marker !== undefined && ![head.source, this.order.replaces].includes(marker.source);
    if (isChanged || isForeign || standing === 'alien')
      throw new RefusedError('another generation has begun', this.order.fence);
    return mayFollow ? marker!.version : undefined;
  }

  private async swapIn(): Promise<Head> {
    for (let attempt = 1; attempt <= SWAP_ATTEMPTS; attempt++) {
      const { head, marker } = await this.catchUp();
      await this.assertMayLose(this.writer.counts);
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
}
