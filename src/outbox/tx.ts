import type { EntityManager } from 'typeorm';
import type { SyncKind } from '../contract/redis-keys.js';
import type { ResourceRow } from '../database/resource-row.js';

/** What a write can touch: one resource of the Redis contract, or by one name, the master's id, all keys of a master. */
export type TouchedKind = SyncKind | 'master_keys';

/** One line of the operation log. `before` and `after` are views, so that a secret can't slip in. */
export interface Operation {
  action: string;
  resource: string;
  resource_id: number | null;
  before: object | null;
  after: object | null;
}

/**
 * One configuration write: the open transaction, and what it declares to have changed. `Outbox.write` turns the
 * declarations into rows of the same transaction when the work is done.
 */
export class Tx {
  private readonly touched = new Map<TouchedKind, Map<string, boolean>>();
  private readonly stamped = new Map<string, Set<ResourceRow>>();
  private readonly operations: Operation[] = [];

  constructor(readonly manager: EntityManager) {}

  /** These resources may look different in Redis now. Naming one too many costs a read; one too few loses an update. */
  changed(kind: TouchedKind, refs: Iterable<string | number>): void {
    this.touch(kind, refs, false);
  }

  /** These resources have no row any more. */
  removed(kind: SyncKind, refs: Iterable<string | number>): void {
    this.touch(kind, refs, true);
  }

  /** These rows were written: they get the version of this transaction, and so does the object that is answered. */
  stamp(table: string, rows: Iterable<ResourceRow>): void {
    const all = this.stamped.get(table) ?? new Set();
    for (const row of rows) all.add(row);
    this.stamped.set(table, all);
  }

  log(operation: Operation): void {
    this.operations.push(operation);
  }

  /** Whether nothing of the configuration was touched. */
  get isSilent(): boolean {
    return this.touched.size + this.stamped.size + this.operations.length === 0;
  }

  declarations(): Declarations {
    return { touched: this.touched, stamped: this.stamped, operations: this.operations };
  }

  private touch(kind: TouchedKind, refs: Iterable<string | number>, deleted: boolean): void {
    const ofKind = this.touched.get(kind) ?? new Map<string, boolean>();
    for (const ref of refs) ofKind.set(String(ref), deleted);
    this.touched.set(kind, ofKind);
  }
}

export interface Declarations {
  touched: ReadonlyMap<TouchedKind, ReadonlyMap<string, boolean>>;
  stamped: ReadonlyMap<string, ReadonlySet<ResourceRow>>;
  operations: readonly Operation[];
}
