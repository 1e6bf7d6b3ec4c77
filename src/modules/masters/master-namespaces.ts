import type { EntityManager } from 'typeorm';
import { DomainError } from '../../common/domain-error.js';
import { unprocessableItem } from '../../crud/item-errors.js';
import type { Master } from './master.entity.js';

/** Fields as they were sent: null clears. */
type Sent = { [F in 'namespaces' | 'default_namespace']?: Master[F] | null };

export function assertDefaultNamespace({ namespaces, default_namespace }: Sent, index: number): void {
  if (!default_namespace || namespaces?.includes(default_namespace)) return;
  throw unprocessableItem(index, 'default_namespace', 'default_namespace must be one of namespaces');
}

/** A key names only namespaces of its master. The masters are locked, so no key can start to while we look. */
export async function assertNamespacesUnused(manager: EntityManager, before: Master[], changes: Sent[]): Promise<void> {
  const taken = before.flatMap(({ id, namespaces }, i) => {
    const remaining = changes[i]!.namespaces;
    return remaining === undefined ? [] : without(namespaces, remaining ?? []).map((name) => ({ id, name }));
  });
  if (taken.length === 0) return;
  const used = await manager.query<{ id: string; name: string }[]>(
    `SELECT taken.id, taken.name FROM unnest($1::bigint[], $2::text[]) AS taken (id, name)
      WHERE EXISTS (SELECT 1 FROM keys k WHERE k.master_id = taken.id
                       AND (taken.name = ANY (k.namespaces) OR taken.name = k.default_namespace))`,
    [taken.map(({ id }) => id), taken.map(({ name }) => name)],
  );
  if (used.length === 0) return;
  const errors = used.map(({ id, name }) => {
    const index = before.findIndex((master) => String(master.id) === id);
    return { pointer: `/${index}/namespaces`, message: `A key of this master names ${name}` };
  });
  throw new DomainError('conflict', errors[0]!.message, { code: 'namespace_in_use', errors });
}

const without = (all: string[], some: string[]): string[] => all.filter((name) => !some.includes(name));
