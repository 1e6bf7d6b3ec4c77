import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { bindingField } from '../../contract/redis-keys.js';
import { CrudService, type RowChange } from '../../crud/crud.service.js';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { Namespace } from './namespace.entity.js';
import { toNamespaceView, type CreateNamespaceDto, type UpdateNamespaceDto } from './namespaces.dto.js';

@Injectable()
export class NamespacesService extends CrudService<Namespace, CreateNamespaceDto, UpdateNamespaceDto> {
  protected readonly resource = 'namespace';
  protected readonly view = toNamespaceView;
  protected readonly listing = {
    search: ['r.name', 'r.description'],
    sort: { name: 'r.name', created_at: 'r.created_at', updated_at: 'r.updated_at' },
    filters: { status: 'r.status = :status' },
  };

  constructor(outbox: Outbox, @InjectRepository(Namespace) repository: Repository<Namespace>) {
    super(outbox, repository);
  }

  /** A disabled namespace disables its bindings, so they change with it. */
  protected async declare(tx: Tx, changes: RowChange<Namespace>[]): Promise<void> {
    tx.removed(
      'namespace',
      changes.flatMap(({ before, after }) => (after ? [] : before!.name)),
    );
    tx.changed(
      'namespace',
      changes.flatMap(({ after }) => after?.name ?? []),
    );
    const switched = changes.filter(({ before, after }) => before && after && before.status !== after.status);
    tx.changed(
      'binding',
      await bindingsIn(
        tx,
        switched.map(({ after }) => after!.name),
      ),
    );
  }
}

/** Whoever writes a binding locks its namespace first, so none can be missing here. */
async function bindingsIn({ manager }: Tx, names: string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await manager.query<{ namespace: string; public_model: string }[]>(
    'SELECT DISTINCT namespace, public_model FROM bindings WHERE namespace = ANY ($1)',
    [names],
  );
  return rows.map(({ namespace, public_model }) => bindingField(namespace, public_model));
}
