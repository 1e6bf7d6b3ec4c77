import { describe, expect, it } from '@jest/globals';
import { driftOf, DriftTally, unrepaired, type Held } from './drift.js';
import type { Resource } from './resource.js';

const FEATURE: Resource = { kind: 'feature', ref: 'f', version: '12', op: 'put', field: 'true' };
const MASTER: Resource = {
  kind: 'master',
  ref: '5',
  version: '12',
  op: 'put',
  record: { status: 'active', ver: '12' },
};
const KEY: Resource = { ...MASTER, kind: 'key', ref: 'k', field: '{}' };

const RECORD = { status: 'active', ver: '12', gen: '3' };
const gone = (resource: Resource): Resource => ({ ...resource, op: 'del', field: undefined, record: undefined });

const typeOf = (wanted: Resource, held: Held): string | undefined => driftOf(wanted, held, '3', (a, b) => a === b);

describe('drift', () => {
  it.each<[string | undefined, string, Resource, Held]>([
    [undefined, 'the same at the same version', FEATURE, { field: 'true', version: '12' }],
    ['missing', 'no field', FEATURE, { version: '12' }],
    ['payload', 'another text at the same version', FEATURE, { field: 'false', version: '12' }],
    ['payload', 'an older version', FEATURE, { field: 'true', version: '11' }],
    ['payload', 'no version', FEATURE, { field: 'true', version: '' }],
    ['payload', 'a version that is none', FEATURE, { field: 'true', version: 'planted' }],
    ['ahead', 'a version that is not given yet', FEATURE, { field: 'true', version: '100' }],
    [undefined, 'nothing of what was deleted', gone(FEATURE), { version: '' }],
    ['extra', 'a field that was deleted', gone(FEATURE), { field: 'true', version: '12' }],
    ['ahead', 'a version that would keep the next field out', gone(FEATURE), { version: '13' }],
    [undefined, 'the same record', MASTER, { version: '', record: RECORD }],
    ['missing', 'no record', MASTER, { version: '' }],
    ['payload', 'a record with one field more', MASTER, { version: '', record: { ...RECORD, more: '1' } }],
    [
      'payload',
      'a record of an earlier generation',
      MASTER,
      { version: '', record: { ...RECORD, gen: '2', ver: '99' } },
    ],
    ['payload', 'a record of another type', MASTER, { version: '', isOtherType: true }],
    ['ahead', 'a record of a later generation', MASTER, { version: '', record: { ...RECORD, gen: '4' } }],
    ['ahead', 'a record of a later version', MASTER, { version: '', record: { ...RECORD, ver: '13' } }],
    [undefined, 'no record of what was deleted', gone(MASTER), { version: '' }],
    ['extra', 'a record of what was deleted', gone(MASTER), { version: '', isOtherType: true }],
    ['missing', 'a field without its record', KEY, { field: '{}', version: '12' }],
    ['missing', 'a record without its field', KEY, { version: '12', record: RECORD }],
  ])('is %s for %s', (type, _what, wanted, held) => {
    expect(typeOf(wanted, held)).toBe(type);
  });

  it('is counted by kind and type', () => {
    const tally = new DriftTally();
    tally.add({ kind: 'key', type: 'extra', found: 2, repaired: 1 });
    tally.add({ kind: 'key', type: 'extra', found: 1, repaired: 1 });
    tally.add({ kind: 'model', type: 'extra', found: 1, repaired: 0 });
    expect(tally.list).toEqual([
      { kind: 'key', type: 'extra', found: 3, repaired: 2 },
      { kind: 'model', type: 'extra', found: 1, repaired: 0 },
    ]);
    expect(unrepaired(tally.list)).toBe(2);
  });
});
