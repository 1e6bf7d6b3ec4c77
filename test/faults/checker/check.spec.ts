import { describe, expect, it } from '@jest/globals';
import type { Event, Held, SeenEvent, SeenMarker, StatusEvent, VersionEvent, WriteEvent } from '../harness/history.js';
import { check } from './check.js';
import type { Invariant } from './violation.js';

const TOKEN = 'auth:token:aa';
const NAMESPACE = 'config:namespaces ns';
const BINDING = 'config:bindings ns.m';
const PROVIDER = 'config:providers 7';

const record = (status: string): string => JSON.stringify({ status });

const version = (n: number, things: VersionEvent['things'], fields: Partial<VersionEvent> = {}): VersionEvent => ({
  type: 'version',
  gen: '1',
  version: String(n),
  operations: [`request-${n}`],
  misnamed: [],
  things,
  ...fields,
});

const marker = (n: number, fields: Partial<SeenMarker> = {}): SeenMarker => ({
  gen: '1',
  version: String(n),
  fence: '1',
  source: 's',
  ...fields,
});

const held = (n: number, value: string | null): Held => ({ gen: '1', version: String(n), value });
const field = (n: number, value: string | null): Held => ({ version: String(n), value });

let clock = 0;

function seen(at: SeenMarker | null, changed: SeenEvent['changed'], life: string | null = 'a'): SeenEvent {
  clock += 10;
  return { type: 'seen', begun: clock, ended: clock + 1, life, marker: at, changed };
}

function write(fields: Partial<WriteEvent>): WriteEvent {
  clock += 10;
  const answer = { status: 200, version: '1.1', propagation: 'pending', request_id: 'request-1', request: 'PATCH /x' };
  return { type: 'write', sent: clock, answered: clock + 5, ...answer, ...fields };
}

const status = (fields: Partial<StatusEvent>): StatusEvent => ({
  type: 'status',
  at: 0,
  state: 'ok',
  reasons: [],
  pending: 0,
  lag_ms: 0,
  resources: 3,
  ...fields,
});

const caught = (...events: Event[]): Invariant[] => [...new Set(check(events).map(({ invariant }) => invariant))];

/** A token that is revoked, and a namespace. */
const VERSIONS = [
  version(1, { [TOKEN]: record('active') }),
  version(2, { [NAMESPACE]: '{}' }),
  version(3, { [TOKEN]: record('revoked') }),
];

const ALL_AT_3 = { [TOKEN]: held(3, record('revoked')), [NAMESPACE]: field(2, '{}') };

describe('a history', () => {
  it('in which Redis follows breaks nothing', () => {
    expect(
      caught(
        ...VERSIONS,
        write({}),
        seen(marker(1), { [TOKEN]: held(1, record('active')) }),
        seen(marker(2), { [NAMESPACE]: field(2, '{}') }),
        seen(marker(2), { [TOKEN]: held(3, record('revoked')) }),
        seen(marker(3), {}),
        { type: 'end', at: 0 },
      ),
    ).toEqual([]);
  });

  it('in which Redis loses everything, and is filled again, breaks nothing', () => {
    const gone = { [TOKEN]: null, [NAMESPACE]: null };
    expect(
      caught(...VERSIONS, seen(marker(3), ALL_AT_3), seen(null, gone, null), seen(marker(3), ALL_AT_3, 'b')),
    ).toEqual([]);
  });

  it('in which a generation begins after commits were lost breaks nothing', () => {
    const revived = { [TOKEN]: { gen: '2', version: '1', value: record('active') } };
    expect(
      caught(
        ...VERSIONS.slice(0, 2),
        { type: 'generation', gen: '2', version: '3', after: '2' },
        seen(marker(3), ALL_AT_3),
        seen(marker(3, { gen: '2' }), revived),
      ),
    ).toEqual([]);
  });

  it.each<[Invariant, Event[]]>([
    ['I1 atomic intent', [version(1, {}, { operations: [] })]],
    ['I1 atomic intent', [version(1, {}, { misnamed: ['request-2'] })]],
    ['I1 atomic intent', [{ type: 'unversioned', tables: ['keys'] }]],
    ['I2 commit order', [version(1, {}), version(3, {})]],
    [
      'I2 commit order',
      [
        ...VERSIONS,
        write({ version: '1.2', request_id: 'request-2' }),
        write({ version: '1.1', request_id: 'request-1' }),
      ],
    ],
    [
      'I3 dependency completeness',
      [{ type: 'unlisted', gen: '1', version: '1', thing: BINDING, listed: null, rendered: '{}' }],
    ],
    ['I4 monotone', [...VERSIONS, seen(marker(1), ALL_AT_3), seen(marker(1), { [TOKEN]: held(1, record('active')) })]],
    ['I5 coherence', [...VERSIONS, seen(marker(1), { [TOKEN]: held(1, record('revoked')) })]],
    ['I5 coherence', [...VERSIONS, seen(marker(1), { [TOKEN]: held(2, record('active')) })]],
    ['I6 the marker never overstates', [...VERSIONS, seen(marker(3), { [TOKEN]: held(1, record('active')) })]],
    ['I7 loss is co-located', [...VERSIONS, seen(marker(3), ALL_AT_3), seen(marker(3), { [NAMESPACE]: null }, null)]],
    [
      'I8 no resurrection',
      [
        ...VERSIONS,
        seen(marker(3), ALL_AT_3),
        seen(null, { [TOKEN]: null }, null),
        seen(marker(3), { [TOKEN]: held(1, record('active')) }, 'b'),
      ],
    ],
    ['I9 compare-and-set', [...VERSIONS, seen(marker(3), ALL_AT_3), seen(marker(2), {})]],
    [
      'I10 closure',
      [
        version(1, { [BINDING]: binding('active'), [PROVIDER]: '{}' }),
        seen(marker(1), { [BINDING]: field(1, binding('active')) }),
      ],
    ],
    ['I11 bounded work', [status({ pending: 4 })]],
    ['I12 no silent parking', [status({ pending: 1, lag_ms: 60_000 })]],
    ['I13 fails towards PostgreSQL', [...VERSIONS, write({ status: 503, version: null, request_id: 'other' })]],
    ['I13 fails towards PostgreSQL', [...VERSIONS, write({ status: 409, version: null })]],
    ['I13 fails towards PostgreSQL', [...VERSIONS, write({ version: '1.4', request_id: 'request-4' })]],
    ['I14 fencing', [...VERSIONS, seen(marker(3, { fence: '2' }), ALL_AT_3), seen(marker(3, { fence: '1' }), {})]],
    ['I15 convergence', [...VERSIONS, seen(marker(2), ALL_AT_3), { type: 'end', at: 0 }]],
    ['truthful receipt', [...VERSIONS, write({ propagation: 'applied' }), seen(marker(0), {})]],
  ])('that breaks %s is caught', (invariant, events) => {
    expect(caught(...events)).toContain(invariant);
  });

  it('in which a disabled binding names an absent provider breaks nothing', () => {
    const things = { [BINDING]: binding('disabled') };
    expect(caught(version(1, things), seen(marker(1), { [BINDING]: field(1, things[BINDING]) }))).toEqual([]);
  });

  it('in which PostgreSQL was away may have writes that were refused', () => {
    const begin: Event = { type: 'begin', scenario: '', seed: 1, allows: ['refusals'] };
    expect(caught(begin, ...VERSIONS, write({ status: 503, version: null }))).toEqual([]);
  });

  it('may lose what was acknowledged only where that is what it is about', () => {
    const allows = (...what: ('refusals' | 'lost commits')[]): Event => ({
      type: 'begin',
      scenario: '',
      seed: 1,
      allows: what,
    });
    const events = [
      version(1, {}),
      { type: 'generation', gen: '2', version: '2', after: '1' } as const,
      write({ version: '1.2', request_id: 'lost' }),
    ];
    expect(caught(allows('lost commits'), ...events)).toEqual([]);
    expect(caught(allows(), ...events)).toEqual(['I13 fails towards PostgreSQL']);
  });

  it('says nothing of what was damaged by hand until it has been right again', () => {
    const damage: Event = { type: 'damage', at: 0, things: ['config:namespaces'] };
    const broken = seen(marker(3), { [NAMESPACE]: null });
    const restored = seen(marker(3), { [NAMESPACE]: field(2, '{}') });
    expect(caught(...VERSIONS, seen(marker(3), ALL_AT_3), damage, broken, restored)).toEqual([]);
    expect(caught(...VERSIONS, seen(marker(3), ALL_AT_3), damage, broken, restored, broken)).not.toEqual([]);
  });
});

function binding(state: string): string {
  return JSON.stringify({ status: state, candidates: [{ upstreams: { 7: 'm' } }] });
}
