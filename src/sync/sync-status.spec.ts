import { describe, expect, it } from '@jest/globals';
import { toSyncStatus, type Observation } from './sync-status.js';

const NOW = new Date('2026-01-01T00:00:10Z');
const HEARTBEAT = String(NOW.getTime() / 1000);
const MARKER = { gen: '1', version: '10', source: 's', fence: '1', heartbeat: HEARTBEAT, snapshot: '' };

const DRIFTED = {
  started_at: NOW,
  finished_at: NOW,
  resources: 9,
  drift: [{ kind: 'key', type: 'payload', found: 5, repaired: 2 }],
  error: 'OOM',
} satisfies Observation['reconciler']['last_run'];

const observe = (seen: Partial<Observation> = {}): Observation => ({
  head: { gen: '1', version: '10', source: 's' },
  marker: MARKER,
  pending: [],
  quarantined: 0,
  dispatcher: {
    enabled: true,
    leader: true,
    fence: '1',
    last_success_at: NOW,
    last_error: null,
    retry_at: null,
    consecutive_failures: 0,
  },
  lastSnapshot: null,
  reconciler: { running: null, last_run: null },
  drift: [],
  holds: [],
  dataPlanes: { view: { state: 'none', summary: '', nodes: [] }, faults: [], delays: [] },
  redis: { connected: true, error: null, danger: null },
  now: NOW,
  ...seen,
});

const waiting = (ms: number): Observation['pending'] => [
  { kind: 'key', count: 3, oldest: new Date(NOW.getTime() - ms) },
  { kind: 'master', count: 1, oldest: NOW },
];

describe('the status of the road to Redis', () => {
  it('is ok, with nothing to say, when Redis holds the head', () => {
    expect(toSyncStatus(observe())).toMatchObject({ state: 'ok', reasons: [], lag: { versions: 0, ms: 0 } });
  });

  it('is ok while a change is on its way, and counts it', () => {
    const status = toSyncStatus(observe({ head: { gen: '1', version: '12', source: 's' }, pending: waiting(20) }));
    expect(status).toMatchObject({
      state: 'ok',
      lag: { versions: 2, ms: 20 },
      pending: { total: 4, key: 3, feature: 0 },
    });
  });

  it('is lagging when a change waits longer than it should', () => {
    const status = toSyncStatus(observe({ head: { gen: '1', version: '12', source: 's' }, pending: waiting(3000) }));
    expect(status).toMatchObject({ state: 'lagging', reasons: ['The oldest change has been waiting for 3 s'] });
  });

  it.each<[string, Partial<Observation>]>([
    [
      'Redis is not reachable: ECONNREFUSED',
      { redis: { connected: false, error: 'ECONNREFUSED', danger: null }, marker: undefined },
    ],
    [
      'Redis may evict configuration',
      { redis: { connected: true, error: null, danger: 'Redis may evict configuration' } },
    ],
    ['Redis holds no configuration of ours', { marker: undefined }],
    ['Redis holds an earlier generation of the configuration', { marker: { ...MARKER, gen: '0' } }],
    ['Redis holds a configuration that this database does not know', { marker: { ...MARKER, source: 'x' } }],
    ['No dispatcher has written to Redis for 8 s', { marker: { ...MARKER, heartbeat: String(Number(HEARTBEAT) - 8) } }],
    ['2 resources cannot be rendered', { quarantined: 2 }],
    ['Redis has drifted: 3 resources could not be repaired: OOM', { reconciler: { running: null, last_run: DRIFTED } }],
  ])('is degraded, saying “%s”', (reason, seen) => {
    const { state, reasons } = toSyncStatus(observe(seen));
    expect([state, reasons]).toEqual(['degraded', [reason]]);
  });

  it('says that a snapshot is on its way to where nothing is', () => {
    const lastSnapshot = { reason: 'absent', started_at: NOW, finished_at: null, resources: 0, error: null } as const;
    expect(toSyncStatus(observe({ marker: undefined, lastSnapshot })).reasons[0]).toContain('on its way');
  });

  it('does not compare what cannot be compared', () => {
    expect(toSyncStatus(observe({ marker: { ...MARKER, gen: '7' } })).lag.versions).toBeNull();
  });
});
