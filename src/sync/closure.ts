import { SYNC_KINDS, type SyncKind } from '../contract/redis-keys.js';
import type { Change } from './head.js';

export interface Group {
  kind: SyncKind;
  refs: string[];
}

/**
 * The order in which changes may be seen by a reader that looks in between: who loses access first; then nothing is named
 * before it is there, and nothing is taken away while it is named.
 */
export function inClosureOrder(changes: readonly Change[]): Group[] {
  const denials = changes.filter(({ is_denial }) => is_denial);
  const others = changes.filter(({ is_denial }) => !is_denial);
  return [
    ...groups(denials, SYNC_KINDS),
    ...groups(
      others.filter(({ deleted }) => !deleted),
      SYNC_KINDS,
    ),
    ...groups(
      others.filter(({ deleted }) => deleted),
      SYNC_KINDS.toReversed(),
    ),
  ];
}

function groups(changes: readonly Change[], order: readonly SyncKind[]): Group[] {
  const all = order.map((kind) => ({
    kind,
    refs: changes.flatMap((change) => (change.kind === kind ? change.ref : [])),
  }));
  return all.filter(({ refs }) => refs.length > 0);
}
