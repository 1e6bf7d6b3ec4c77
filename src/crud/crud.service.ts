import type { EntityManager, ObjectLiteral, Repository } from 'typeorm';
import { notFound } from '../common/domain-error.js';
import type { Page } from '../common/page.js';
import type { ResourceRow } from '../database/resource-row.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Tx } from '../outbox/tx.js';
import type { BatchInput, BatchOutcome } from './batch.dto.js';
import { itemOf, single } from './item-errors.js';
import type { ListQueryDto } from './list-query.dto.js';
import { findPage, type ListSpec } from './list.js';
import { assertVersion } from './preconditions.js';
import { deleteRows, insertRows, lockRows, updateRows } from './rows.js';

/** What one row was and became: absent before a create, absent after a delete. */
export interface RowChange<Row> {
  before?: Row;
  after?: Row;
}

export type WithId<T> = T & { id: number };

/**
 * The six plain operations of a resource. A service says what is special by overriding one of the set operations
 * `insert`, `patch` and `delete`; errors in them point into the set (`/3/weight`), and become the caller's pointers here.
 */
export abstract class CrudService<
  Row extends ResourceRow & ObjectLiteral,
  Create extends object,
  Update extends object,
> {
  /** Singular, as people and the operation log call it. */
  protected abstract readonly resource: string;
  protected abstract readonly listing: ListSpec;

  constructor(
    protected readonly outbox: Outbox,
    protected readonly repository: Repository<Row>,
  ) {}

  list(query: ListQueryDto): Promise<Page<Row>> {
    return findPage(this.repository, this.listing, query);
  }

  async get(id: number): Promise<Row> {
    const row = await this.repository.createQueryBuilder('r').where('r.id = :id', { id }).getOne();
    if (!row) throw notFound(this.resource);
    return row;
  }

  create(input: Create): Promise<Row> {
    return this.outbox.write((tx) => single(async () => (await this.insert(tx, [input]))[0]!));
  }

  update(id: number, changes: Update): Promise<Row> {
    return this.outbox.write((tx) => single(async () => (await this.patch(tx, [{ ...changes, id }]))[0]!));
  }

  async remove(id: number): Promise<void> {
    await this.outbox.write((tx) => single(() => this.delete(tx, [id])));
  }

  /** One transaction, one version, all or nothing. Deletes come first, so that their names are free again. */
  batch(input: BatchInput<Create, Update>): Promise<BatchOutcome<Row>> {
    return this.outbox.write((tx) => this.batchIn(tx, input));
  }

  protected async batchIn(
    tx: Tx,
    { create, update, delete: ids }: BatchInput<Create, Update>,
  ): Promise<BatchOutcome<Row>> {
    if (ids.length > 0) await itemOf('/delete', ids, () => this.delete(tx, ids));
    const updated = update.length > 0 ? await itemOf('/update', update, () => this.patch(tx, update)) : [];
    const created = create.length > 0 ? await itemOf('/create', create, () => this.insert(tx, create)) : [];
    return { created, updated, deleted: ids };
  }

  /** What anyone may see of a row; the operation log keeps it. */
  protected abstract view(row: Row): object;

  /** Declares which resources of the Redis contract look different after these changes. */
  protected abstract declare(tx: Tx, changes: RowChange<Row>[]): void | Promise<void>;

  protected async insert(tx: Tx, inputs: Create[]): Promise<Row[]> {
    const rows = await insertRows<Row>(tx.manager, this.repository.metadata, inputs);
    await this.wrote(
      tx,
      'create',
      rows.map((after) => ({ after })),
    );
    return rows;
  }

  protected async patch(tx: Tx, changes: WithId<Update>[]): Promise<Row[]> {
    const before = await this.lock(
      tx.manager,
      changes.map(({ id }) => id),
    );
    const after = await updateRows(tx.manager, this.repository.metadata, before, changes);
    await this.wrote(
      tx,
      'update',
      before.map((row, i) => ({ before: row, after: after[i]! })),
    );
    return after;
  }

  protected async delete(tx: Tx, ids: number[]): Promise<void> {
    const before = await this.lock(tx.manager, ids);
    await deleteRows(tx.manager, this.repository.metadata, ids);
    await this.wrote(
      tx,
      'delete',
      before.map((row) => ({ before: row })),
    );
  }

  /** The rows in the order of `ids`, locked until the transaction ends, in the version that `If-Match` asked for. */
  protected async lock(manager: EntityManager, ids: number[]): Promise<Row[]> {
    const rows = await lockRows<Row>(manager, this.repository.metadata, ids, this.resource);
    assertVersion(rows);
    return rows;
  }

  /** Everything that follows from rows having been written: versions, operation log, declarations. */
  protected async wrote(tx: Tx, action: string, changes: RowChange<Row>[]): Promise<void> {
    tx.stamp(
      this.repository.metadata.tableName,
      changes.flatMap(({ after }) => after ?? []),
    );
    for (const { before, after } of changes) {
      tx.log({
        action,
        resource: this.resource,
        resource_id: (after ?? before)!.id,
        before: before ? this.view(before) : null,
        after: after ? this.view(after) : null,
      });
    }
    await this.declare(tx, changes);
  }
}
