import type { HashKind } from '../contract/redis-keys.js';
import type { HeldReader } from './held-reader.js';
import { FEW, lossesOf, type Loss } from './losses.js';
import type { SyncTools } from './sync-tools.js';

/** Counts what would be left of a kind in Redis if all of it were made as PostgreSQL says, before anything is. */
export class Survey {
  private cursor = '0';
  private strays = 0;
  private known = 0;
  private to = 0;

  constructor(
    private readonly tools: SyncTools,
    private readonly reader: HeldReader,
    readonly kind: HashKind,
  ) {}

  /** Looks at a page. @returns whether there is more */
  async next(): Promise<boolean> {
    const { kind } = this;
    const [next, refs] = await this.reader.scanFields(kind, this.cursor);
    const { database, reader } = this.tools;
    this.strays += refs.length;
    for await (const { resources, broken } of reader.groups(database, [{ kind, refs }])) {
      this.strays -= broken.length + resources.length;
      this.known += broken.length + resources.length;
      this.to += broken.length + resources.filter(({ field }) => field !== undefined).length;
    }
    this.cursor = next;
    return next !== '0';
  }

  /** A few that this database never knew of are no loss: somebody planted them, into a kind that may have nothing else. */
  get losses(): Loss[] {
    const { kind, strays, known, to } = this;
    const from = strays > FEW ? known + strays : known;
    return lossesOf(new Map([[kind, from]]), new Map([[kind, to]]), new Map());
  }
}
