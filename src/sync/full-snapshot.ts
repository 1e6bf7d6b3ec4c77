import { SYNC_KINDS } from '../contract/redis-keys.js';
import { RefusedError } from './apply-writer.js';
import { inClosureOrder } from './closure.js';
import { collectOrphans } from './collector.js';
import { changesSince, readHead, type Head } from './head.js';
import type { Increment } from './increment.js';
import { standingOf } from './marker.js';
import type { Batch, Page } from './resource-reader.js';
import { StageLostError, StageWriter } from './stage-writer.js';
import type { Sql } from './sync-database.js';
import type { SyncTools } from './sync-tools.js';

const SWAP_ATTEMPTS = 5;

export interface SnapshotOrder {
  fence: string;
  /** The tokens that Redis holds already: `current` where it follows, `stale` where nobody knows. */
  tokens: 'none' | 'current' | 'stale';
  /** Requests that this snapshot answers. */
  ids: readonly string[];
  /** Whether something was committed since it was last asked. */
  hasNews: () => boolean;
  /** Ends the snapshot at the next page; nothing is swapped in then. */
  signal: AbortSignal;
}

/**
 * Replaces everything that Redis holds: collects all resources beside the live ones, catches up with what changes
 * meanwhile, and swaps both in one step. Live data follows every commit until then, so nobody waits for a snapshot.
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
    private readonly head: Head,
  ) {
    this.writer = new StageWriter(tools.store, head.gen);
    this.staged = head.version;
  }

  async run(): Promise<Head> {
    const { tokens, fence } = this.order;
    await this.writer.open();
    if (tokens === 'stale') await this.denyTokens();
    await this.stageSmallKinds();
    await this.stageKeys();
    const head = await this.swapIn();
    const between = (): Promise<void> => this.followLive();
    if (tokens !== 'none') await collectOrphans(this.tools, { gen: head.gen, fence, between });
    return head;
  }

  /** Redis may be an old copy in which revoked secrets still work: that can't wait until all others are written. */
  private async denyTokens(): Promise<void> {
    const { database, reader } = this.tools;
    await this.eachPage(
      (after) => reader.pageOfDenied(database, after),
      async ({ resources }) => {
        await this.writer.putRecords(resources);
        await this.keepUp();
      },
    );
  }

  /** All kinds that refer to each other, as of one moment. */
  private async stageSmallKinds(): Promise<void> {
    const { database, reader } = this.tools;
    await database.atOneMoment(async (sql) => {
      this.staged = (await readHead(sql)).version;
      for (const kind of SYNC_KINDS.filter((each) => each !== 'key')) {
        await this.eachPage(
          (after) => reader.page(sql, kind, after),
          (page) => this.deliver(page),
        );
      }
    });
  }

  private async stageKeys(): Promise<void> {
    const { database, reader } = this.tools;
    await this.eachPage(
      (after) => reader.page(database, 'key', after),
      (page) => this.deliver(page),
    );
  }

  /** Reads the next page while this one is on its way to Redis. */
  private async eachPage(read: (after: string) => Promise<Page>, use: (page: Page) => Promise<void>): Promise<void> {
    let reading = read('');
    for (;;) {
      const page = await reading;
      if (page.next === undefined) return use(page);
      reading = read(page.next);
      reading.catch(() => undefined); // Awaited above, unless `use` fails first.
      await use(page);
    }
  }

  private async deliver(page: Page): Promise<void> {
    await this.add(page);
    await this.keepUp();
  }

  private async add(batch: Batch): Promise<void> {
    await this.writer.add(batch);
    await this.tools.quarantine.record(batch.broken);
    await this.tools.quarantine.clear(batch.healed);
    this.resources += batch.resources.length;
  }

  private async keepUp(): Promise<void> {
    this.order.signal.throwIfAborted();
    if (!this.order.hasNews()) return;
    await this.followLive();
    await this.catchUp();
  }

  /** What is live goes on following commits, where it can: a Redis without a usable marker only gets the new stage. */
  private async followLive(): Promise<void> {
    const found = await this.tools.store.readMarker();
    await this.increment.run(found, this.order.fence);
  }

  /** Brings the stage to the head. What a page read before and writes later is older, and doesn't get in. */
  private async catchUp(): Promise<Head> {
    return this.tools.database.atOneMoment(async (sql) => {
      const head = await readHead(sql);
      if (head.gen !== this.head.gen) throw new RefusedError('another generation has begun', this.order.fence);
      if (head.version !== this.staged) await this.stageChanges(sql);
      this.staged = head.version;
      return head;
    });
  }

  private async stageChanges(sql: Sql): Promise<void> {
    const changes = await changesSince(sql, this.staged);
    for await (const batch of this.tools.reader.groups(sql, inClosureOrder(changes))) await this.add(batch);
  }

  /** The marker is read first, so that what is staged is at least as new as what it replaces. */
  private async swapIn(): Promise<Head> {
    const { store } = this.tools;
    for (let attempt = 1; attempt <= SWAP_ATTEMPTS; attempt++) {
      const { name, marker } = await store.readMarker();
      const head = await this.catchUp();
      if (standingOf(marker, head) === 'alien') throw new RefusedError('alien', this.order.fence);
      const { status, detail } = await store.swap({
        expected: name,
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
    throw new RefusedError('marker', this.order.fence);
  }
}
