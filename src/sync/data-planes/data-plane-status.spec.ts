import { describe, expect, it } from '@jest/globals';
import { toDataPlane, type DataPlane } from './ack.js';
import { planeStandingOf, type DataPlaneLag } from './data-plane-lag.js';
import { toDataPlaneReport } from './data-plane-status.js';
import { haveAcknowledged } from './data-planes.js';

const NOW = new Date('2026-01-01T00:01:00Z');
const HEAD = { gen: '2', version: '10', source: 's' };

const node = (version: string, { name = 'a', state = 'ok', gen = '2', ttlMs = 25_000 } = {}): DataPlane =>
  toDataPlane(name, { fields: [gen, version, state, 'why', '0', 'v/1'], ttlMs }, NOW)!;

const report = (nodes: DataPlane[], lags: DataPlaneLag[] = [], isComplete = true) =>
  toDataPlaneReport({
    head: HEAD,
    known: { nodes, isComplete },
    lags: nodes.map((_, i) => lags[i] ?? { versions: 0, ms: 0 }),
  });

describe('the report about data planes', () => {
  it('tells none from all being well', () => {
    expect(report([]).view).toMatchObject({ state: 'none', summary: 'No data plane is known' });
    expect(report([node('10'), node('10')]).view).toMatchObject({ state: 'ok', summary: 'All 2 data planes follow' });
  });

  it('bears a node that has not spoken since a change, for as long as it may be silent', () => {
    expect(report([node('9')], [{ versions: 1, ms: 30_000 }]).view.state).toBe('ok');
    expect(report([node('9')], [{ versions: 1, ms: 31_000 }]).delays).toEqual([
      'Data plane a lacks a change that is 31 s old',
    ]);
  });

  it('says who serves another history', () => {
    expect(report([node('99', { gen: '1' })])).toMatchObject({
      view: { state: 'lagging' },
      delays: ['Data plane a serves an earlier generation of the configuration'],
    });
    expect(report([node('11')]).faults).toEqual(['Data plane a serves 2.11, which this database does not know']);
  });

  it('names five of many, and counts the others', () => {
    const { faults } = report(Array.from({ length: 8 }, () => node('10', { state: 'nack' })));
    expect(faults).toHaveLength(6);
    expect(faults[5]).toBe('… and so for 3 more');
  });

  it('does not hide that it does not look at all of them', () => {
    expect(report([node('10')], [], false).faults).toEqual([
      'More than 1000 data planes are registered, and the others are not looked at',
    ]);
  });
});

describe('an acknowledgement', () => {
  it('dates the last word of its node by what is left of its life', () => {
    expect(node('10').last_seen_at).toEqual(new Date(NOW.getTime() - 5_000));
    expect(toDataPlane('a', { fields: undefined, ttlMs: -2 }, NOW)).toBeUndefined();
  });

  it('of a node that nobody can place stands nowhere', () => {
    expect(planeStandingOf(node('x'), HEAD)).toBe('unknown');
    expect(planeStandingOf(node('000000010'), HEAD)).toBe('following');
  });

  it.each<[boolean, string, Parameters<typeof haveAcknowledged>[0]]>([
    [true, 'all have it', { nodes: [node('10'), node('11')], isComplete: true }],
    [false, 'there is nobody', { nodes: [], isComplete: true }],
    [false, 'one lacks it', { nodes: [node('10'), node('9')], isComplete: true }],
    [false, 'one refuses', { nodes: [node('10', { state: 'nack' })], isComplete: true }],
    [false, 'one is of a later generation', { nodes: [node('10', { gen: '3' })], isComplete: true }],
    [false, 'one may be dead for years', { nodes: [node('10', { ttlMs: -1 })], isComplete: true }],
    [false, 'some are not known', { nodes: [node('10')], isComplete: false }],
  ])('counts as %s when %s', (expected, _, known) => {
    expect(haveAcknowledged(known, { gen: '2', version: '10' })).toBe(expected);
  });
});
