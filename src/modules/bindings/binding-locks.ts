import type { EntityManager } from 'typeorm';

export interface Parents {
  namespaces?: string[];
  groups?: number[];
  /** Bindings whose parents are meant too. */
  ofBindings?: number[];
}

export interface LockedParents {
  namespaces: ReadonlySet<string>;
  groups: ReadonlySet<number>;
}

/**
 * Locks namespaces, then provider groups, each in order. Who disables a namespace or edits a group has to declare all of
 * its bindings, so none may come or go while they look.
 * @returns what is locked now, which leaves out what does not exist: the constraint names it later
 */
export async function lockParents(
  manager: EntityManager,
  { namespaces = [], groups = [], ofBindings = [] }: Parents,
): Promise<LockedParents> {
  const names = await manager.query<{ name: string }[]>(
    `SELECT name FROM namespaces
      WHERE name IN (SELECT unnest($1::text[]) UNION SELECT namespace FROM bindings WHERE id = ANY ($2::bigint[]))
      ORDER BY name FOR SHARE`,
    [namespaces, ofBindings],
  );
  const ids = await manager.query<{ id: string }[]>(
    `SELECT id FROM provider_groups
      WHERE id IN (SELECT unnest($1::bigint[]) UNION SELECT group_id FROM bindings WHERE id = ANY ($2::bigint[]))
      ORDER BY id FOR NO KEY UPDATE`,
    [groups, ofBindings],
  );
  return { namespaces: new Set(names.map(({ name }) => name)), groups: new Set(ids.map(({ id }) => Number(id))) };
}
