import { Injectable } from '@nestjs/common';
import { changesSince, readHead } from './head.js';
import { StageWriter } from './stage-writer.js';
import { SyncTools } from './sync-tools.js';

/** While everything else waits to be confirmed, secrets are still taken away at once. */
@Injectable()
export class Denials {
  /** Up to where they are written. */
  private reached: string | undefined;

  constructor(private readonly tools: SyncTools) {}

  async write(since: string): Promise<void> {
    const { database, reader, store } = this.tools;
    await database.atOneMoment(async (sql) => {
      const head = await readHead(sql);
      const changes = await changesSince(sql, this.reached ?? since);
      const refs = changes.filter(({ is_denial }) => is_denial).map(({ ref }) => ref);
      const writer = new StageWriter(store, head.gen);
      for await (const { resources } of reader.groups(sql, [{ kind: 'key', refs }])) await writer.putRecords(resources);
      this.reached = head.version;
    });
  }

  /** Nothing waits any more: whatever comes next writes them all. */
  end(): void {
    this.reached = undefined;
  }
}
