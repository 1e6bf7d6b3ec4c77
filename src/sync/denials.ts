import { Injectable } from '@nestjs/common';
import { changesSince, readHead, type Change } from './head.js';
import type { Batch, Page } from './resource-reader.js';
import { StageWriter } from './stage-writer.js';
import type { Sql } from './sync-database.js';
import { SyncTools } from './sync-tools.js';

/** While everything else waits to be confirmed, secrets are still taken away at once. */
@Injectable()
export class Denials {
  /** Up to where they are written. */
  private reached: string | undefined;

  constructor(private readonly tools: SyncTools) {}

  async write(since: string): Promise<void> {
    const { database, durability, store } = this.tools;
    await database.atOneMoment(async (sql) => {
      const head = await readHead(sql);
      const durable = durability.cover(head, sql);
      const changes = await changesSince(sql, this.reached ?? since);
      await durable();
      const writer = new StageWriter(store, head.gen);
      for await (const { resources } of this.denied(sql, changes)) await writer.putRecords(resources);
      this.reached = head.version;
    });
  }

  /** Among the changes or, where these are too many, among all. */
  private async *denied(sql: Sql, changes: Change[] | undefined): AsyncGenerator<Batch> {
    const { reader } = this.tools;
    if (changes) {
      const refs = changes.filter(({ is_denial }) => is_denial).map(({ ref }) => ref);
      yield* reader.groups(sql, [{ kind: 'key', refs }]);
      return;
    }
    for (let after: string | undefined = ''; after !== undefined;) {
      const page: Page = await reader.pageOfDenied(sql, after);
      yield page;
      after = page.next;
    }
  }

  /** Nothing waits any more: whatever comes next writes them all. */
  end(): void {
    this.reached = undefined;
  }
}
