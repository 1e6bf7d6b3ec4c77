import type { SyncKind } from '../contract/redis-keys.js';
import { KEY_IS_DENIED, KEY_JOINS } from '../modules/keys/key.source.js';
import type { Group } from './closure.js';
import { toResource, type BrokenResource, type Resource, type ResourceRef } from './resource.js';
import type { Sources } from './sources.js';
import type { Sql } from './sync-database.js';

/** Rows that are only looked at, and mostly left out. */
const FILTERED_PAGE = 2_000;

export interface Batch {
  resources: Resource[];
  broken: BrokenResource[];
  /** Rendered now, after attempts that failed. */
  healed: ResourceRef[];
}

export interface Page extends Batch {
  /** Where the next page begins; undefined after the last one. */
  next: string | undefined;
}

/** Reads resources as they are now, each row together with its version, and renders them. */
export class ResourceReader {
  constructor(
    private readonly sources: Sources,
    private readonly batchSize: number,
  ) {}

  /** The resources of these groups, in pieces of bounded size. */
  async *groups(sql: Sql, groups: readonly Group[]): AsyncGenerator<Batch> {
    for (const { kind, refs } of groups) {
      for (let i = 0; i < refs.length; i += this.batchSize) {
        yield await this.byRefs(sql, kind, refs.slice(i, i + this.batchSize));
      }
    }
  }

  /** All resources of a kind, in the order of their refs. */
  async page(sql: Sql, kind: SyncKind, after: string): Promise<Page> {
    const rows = await this.read(sql, kind, {
      where: 's.ref > $1 ORDER BY s.ref LIMIT $2',
      values: [after, this.batchSize],
    });
    return { ...this.render(kind, rows), next: rows.length < this.batchSize ? undefined : rows.at(-1)!.ref };
  }

  /** Whether two fields of a kind say the same. */
  isSame(kind: SyncKind, a: string, b: string): boolean {
    return a === b || this.sources[kind].isSame?.(a, b) === true;
  }

  /** Secrets that must not open anything, found among many that may. */
  async pageOfDenied(sql: Sql, after: string): Promise<Page> {
    const rows = await sql.query<{ ref: string; is_denied: boolean }>(
      `WITH picked AS MATERIALIZED
         (SELECT s.kind, s.ref FROM sync_resource s WHERE s.kind = 'key' AND s.ref > $1 ORDER BY s.ref LIMIT $2)
       SELECT s.ref, ${KEY_IS_DENIED} AS is_denied FROM picked s ${KEY_JOINS} ORDER BY s.ref`,
      [after, FILTERED_PAGE],
    );
    const denied = rows.filter(({ is_denied }) => is_denied).map(({ ref }) => ref);
    const next = rows.length < FILTERED_PAGE ? undefined : rows.at(-1)!.ref;
    return { ...(await this.byRefs(sql, 'key', denied)), next };
  }

  private async byRefs(sql: Sql, kind: SyncKind, refs: string[]): Promise<Batch> {
    return this.render(kind, await this.read(sql, kind, { where: 's.ref = ANY ($1)', values: [refs] }));
  }

  /** Picks first and joins then, or the planner may walk through all of what is joined for every page. */
  private read(
    sql: Sql,
    kind: SyncKind,
    { where, values }: { where: string; values: unknown[] },
  ): Promise<SourceRow[]> {
    return sql.query<SourceRow>(
      `WITH picked AS MATERIALIZED (SELECT * FROM sync_resource s WHERE s.kind = '${kind}' AND ${where})
       ${this.sources[kind].sql} ORDER BY s.ref`,
      values,
    );
  }

  /** One row that can't be rendered is set aside and doesn't stop the others. */
  private render(kind: SyncKind, rows: SourceRow[]): Batch {
    const batch: Batch = { resources: [], broken: [], healed: [] };
    for (const row of rows) {
      const of: ResourceRef = { kind, ref: row.ref, version: row.version };
      try {
        batch.resources.push(toResource(of, this.sources[kind].image(row as never)));
        if (row.attempts > 0) batch.healed.push(of);
      } catch (error) {
        batch.broken.push({ ...of, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    return batch;
  }
}

interface SourceRow {
  ref: string;
  version: string;
  attempts: number;
}
