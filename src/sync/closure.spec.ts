import { describe, expect, it } from '@jest/globals';
import { SYNC_KINDS, type SyncKind } from '../contract/redis-keys.js';
import { inClosureOrder } from './closure.js';
import type { Change } from './head.js';

const change = (kind: SyncKind, ref: string, fields: Partial<Change> = {}): Change => ({
  kind,
  ref,
  deleted: false,
  is_denial: false,
  ...fields,
});

const order = (changes: Change[]): string[] =>
  inClosureOrder(changes).flatMap(({ kind, refs }) => refs.map((ref) => `${kind} ${ref}`));

describe('the order of changes', () => {
  it('takes access away before anything else', () => {
    const denied = change('key', 'gone', { is_denial: true, deleted: true });
    expect(order([change('provider', '1'), change('key', 'new'), denied])[0]).toBe('key gone');
  });

  it('brings what is named before what names it', () => {
    const named = order([change('key', 'k'), change('binding', 'b'), change('model', 'm'), change('provider', 'p')]);
    expect(named).toEqual(['provider p', 'model m', 'binding b', 'key k']);
  });

  it('takes away what names before what is named, and only after everything was brought', () => {
    const gone = { deleted: true };
    const changes = [change('provider', 'old', gone), change('binding', 'old', gone), change('binding', 'moved')];
    expect(order(changes)).toEqual(['binding moved', 'binding old', 'provider old']);
  });

  it('forgets nothing', () => {
    const changes = SYNC_KINDS.flatMap((kind) => [
      change(kind, 'a'),
      change(kind, 'b', { deleted: true }),
      change(kind, 'c', { is_denial: true }),
    ]);
    expect(order(changes).toSorted()).toEqual(changes.map(({ kind, ref }) => `${kind} ${ref}`).toSorted());
  });
});
