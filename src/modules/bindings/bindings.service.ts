import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import type { Page } from '../../common/page.js';
import { DEFAULT_ROUTE_GROUP } from '../../contract/names.js';
import { bindingField } from '../../contract/redis-keys.js';
import { compileSelector } from '../../contract/selector.js';
import type { BatchInput, BatchOutcome } from '../../crud/batch.dto.js';
import { CrudService, type RowChange, type WithId } from '../../crud/crud.service.js';
import { invalidItem, itemOf } from '../../crud/item-errors.js';
import { deleteRows, updateRows } from '../../crud/rows.js';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { Binding } from './binding.entity.js';
import { lockParents } from './binding-locks.js';
import { resolveBindings, type ResolvedBinding } from './binding-resolution.js';
import { toBindingFacts, type CreateBindingDto, type ListBindingsDto, type UpdateBindingDto } from './bindings.dto.js';

export type { ResolvedBinding };

/** Rows leave this service with what they resolve to. */
@Injectable()
export class BindingsService extends CrudService<ResolvedBinding, CreateBindingDto, UpdateBindingDto> {
  protected readonly resource = 'binding';
  protected readonly view = toBindingFacts;
  protected readonly listing = {
    search: ['r.public_model'],
    sort: {
      namespace: 'r.namespace',
      public_model: 'r.public_model',
      group_id: 'r.group_id',
      weight: 'r.weight',
      created_at: 'r.created_at',
      updated_at: 'r.updated_at',
    },
    filters: {
      namespace: 'r.namespace = :namespace',
      public_model: 'r.public_model = :public_model',
      group_id: 'r.group_id = :group_id',
      route_group: 'r.route_group = :route_group',
      status: 'r.status = :status',
    },
  };

  constructor(outbox: Outbox, @InjectRepository(Binding) repository: Repository<Binding>) {
    super(outbox, repository as Repository<ResolvedBinding>);
  }

  override async list(query: ListBindingsDto): Promise<Page<ResolvedBinding>> {
    const page = await super.list(query);
    return { ...page, data: await resolveBindings(this.repository.manager, page.data) };
  }

  override async get(id: number): Promise<ResolvedBinding> {
    const [row] = await resolveBindings(this.repository.manager, [await super.get(id)]);
    return row!;
  }

  /** All that are bound to one name. */
  async named(namespace: string, public_model: string): Promise<ResolvedBinding[]> {
    const rows = await this.repository.find({ where: { namespace, public_model }, order: { id: 'ASC' } });
    return resolveBindings(this.repository.manager, rows);
  }

  /** For whoever has locked the groups: the fields of `config:bindings` in which they are candidates. */
  async fieldsOfGroups({ manager }: Tx, groupIds: number[]): Promise<string[]> {
    if (groupIds.length === 0) return [];
    const rows = await manager.query<Pick<Binding, 'namespace' | 'public_model'>[]>(
      'SELECT DISTINCT namespace, public_model FROM bindings WHERE group_id = ANY ($1)',
      [groupIds],
    );
    return rows.map(fieldOf);
  }

  /** For whoever has locked the group. */
  async deleteOfGroup(tx: Tx, groupId: number): Promise<void> {
    const rows = await tx.manager.withRepository(this.repository).findBy({ group_id: groupId });
    const ids = rows.map(({ id }) => id);
    await deleteRows(tx.manager, this.repository.metadata, ids);
    await this.wrote(
      tx,
      'delete',
      rows.map((before) => ({ before })),
    );
  }

  protected override async insert(tx: Tx, inputs: CreateBindingDto[]): Promise<ResolvedBinding[]> {
    const namespaces = inputs.map(({ namespace }) => namespace);
    await lockParents(tx.manager, { namespaces, groups: inputs.map(({ group_id }) => group_id) });
    const complete = inputs.map((input) => ({ ...input, route_group: input.route_group ?? DEFAULT_ROUTE_GROUP }));
    const rows = await itemOf('', complete, () => super.insert(tx, complete));
    rows.forEach(assertSelectorCompiles);
    return resolveBindings(tx.manager, rows);
  }

  protected override async patch(tx: Tx, changes: WithId<UpdateBindingDto>[]): Promise<ResolvedBinding[]> {
    const ids = changes.map(({ id }) => id);
    const { namespaces, groups } = parentsNamed(changes);
    if (namespaces.length + groups.length > 0) await lockParents(tx.manager, { namespaces, groups, ofBindings: ids });
    const before = await this.lock(tx.manager, ids);
    const wanted = before.map((row, i) => ({ ...row, ...changes[i] }));
    const after = await itemOf('', wanted, () => updateRows(tx.manager, this.repository.metadata, before, changes));
    after.forEach(assertSelectorCompiles);
    await this.wrote(
      tx,
      'update',
      before.map((row, i) => ({ before: row, after: after[i]! })),
    );
    return resolveBindings(tx.manager, after);
  }

  /** All parents at once and in order, so that two batches can't wait for each other in a circle. */
  protected override async batchIn(
    tx: Tx,
    input: BatchInput<CreateBindingDto, UpdateBindingDto>,
  ): Promise<BatchOutcome<ResolvedBinding>> {
    const { create, update, delete: ids } = input;
    const ofBindings = [...ids, ...update.map(({ id }) => id)];
    await lockParents(tx.manager, { ...parentsNamed([...create, ...update]), ofBindings });
    return super.batchIn(tx, input);
  }

  /** Parents come first: whoever changes one either sees what is done here, or is seen by it. */
  protected override async lock(manager: EntityManager, ids: number[]): Promise<ResolvedBinding[]> {
    const locked = await lockParents(manager, { ofBindings: ids });
    const rows = await super.lock(manager, ids);
    const moved = rows.filter(
      ({ namespace, group_id }) => !locked.namespaces.has(namespace) || !locked.groups.has(group_id),
    );
    // A binding may have got other parents between the two statements.
    if (moved.length > 0) await lockParents(manager, parentsNamed(moved));
    return rows;
  }

  /** Both names of one that was renamed. Whether a field goes altogether, the rows left of its name decide. */
  protected declare(tx: Tx, changes: RowChange<Binding>[]): void {
    tx.changed(
      'binding',
      changes.flatMap(({ before, after }) => [before, after].flatMap((row) => (row ? fieldOf(row) : []))),
    );
  }
}

const fieldOf = ({ namespace, public_model }: Pick<Binding, 'namespace' | 'public_model'>): string =>
  bindingField(namespace, public_model);

const parentsNamed = (inputs: UpdateBindingDto[]): { namespaces: string[]; groups: number[] } => ({
  namespaces: inputs.flatMap(({ namespace }) => namespace ?? []),
  groups: inputs.flatMap(({ group_id }) => group_id ?? []),
});

/** Looks at the row as it is now, since an update may bring the type without the value. */
function assertSelectorCompiles({ selector_type, selector_value }: Binding, index: number): void {
  if (selector_type !== 'regex') return;
  const compiled = compileSelector(selector_value);
  if ('error' in compiled)
    throw invalidItem(index, 'selector_value', `selector_value is not an RE2 regex: ${compiled.error}`);
}
