import { describe, expect, it } from '@jest/globals';
import { judge, namesIn, ShardFault, type Findings } from './cluster-survey.js';
import { parseMarker, type FoundMarker } from './marker.js';

const said = (version: string, fields: Record<string, string> = {}): FoundMarker =>
  parseMarker({ gen: '1', source: 's', version, ...fields });

const NOTHING = parseMarker({});
const answered = <T>(value: T): PromiseSettledResult<T> => ({ status: 'fulfilled', value });
const SILENCE: PromiseRejectedResult = { status: 'rejected', reason: new Error('ECONNREFUSED') };

const shard = (slot: number, { marker }: FoundMarker): Findings['shards'][number] =>
  answered({ slot, marker, process: 'p', isChanged: false });

const WHOLE = said('10', { shards: '0,9' });

const found = (findings: Partial<Findings>): Findings => ({
  whole: answered(WHOLE),
  places: [answered(said('10')), answered(said('10'))],
  shards: [shard(0, said('10')), shard(9, said('10'))],
  ...findings,
});

describe('what a cluster holds', () => {
  it('is what is said of it, where every part says as much or more', () => {
    const places = [answered(said('10')), answered(said('12'))];
    const { found: whole, overstatement } = judge(found({ places }));
    expect([whole.marker, overstatement]).toEqual([WHOLE.marker, undefined]);
  });

  it('is named by all of its places, so that it can be compared', () => {
    expect(namesIn(judge(found({})).found.name)).toEqual(['1/10/s', '1/10/s', '1/10/s']);
  });

  it.each<[string, Partial<Findings>]>([
    ['place', { places: [answered(said('10')), answered(said('7'))] }],
    ['shard', { shards: [shard(0, said('7')), shard(9, said('10'))] }],
  ])('is the least of it, where a %s went back', (_what, findings) => {
    const verdict = judge(found(findings));
    expect([verdict.found.marker?.version, verdict.overstatement]).toEqual(['7', '1/10/s']);
    expect(namesIn(verdict.found.name)[0]).toBe('1/7/s');
  });

  it.each<[string, Partial<Findings>]>([
    ['a place lost its marker', { places: [answered(said('10')), answered(NOTHING)] }],
    ['a place has another generation', { places: [answered(said('10', { gen: '2' }))] }],
    ['a place is of another database', { places: [answered(said('10', { source: 'x' }))] }],
    ['a shard lost its marker', { shards: [shard(0, NOTHING), shard(9, said('10'))] }],
  ])('is nothing, where %s', (_what, findings) => {
    expect(judge(found(findings))).toMatchObject({ found: { marker: undefined }, overstatement: '1/10/s' });
  });

  it('is nothing where nothing is said of the whole, whatever the parts say', () => {
    const verdict = judge(found({ whole: answered(NOTHING) }));
    expect([verdict.found.marker, verdict.overstatement]).toEqual([undefined, undefined]);
  });

  it('misses nothing in a shard that is new', () => {
    const shards = [shard(0, said('10')), shard(5, NOTHING), shard(9, said('10'))];
    expect(judge(found({ shards })).found.marker?.version).toBe('10');
  });

  it('is at least what those say that answer, while one does not', () => {
    const { found: whole, overstatement } = judge(found({ places: [SILENCE, answered(said('8'))] }));
    expect([whole.marker?.version, overstatement]).toEqual(['8', undefined]);
    expect(whole.fault).toBeInstanceOf(ShardFault);
    expect(judge(found({ whole: SILENCE, shards: [] })).found.marker?.version).toBe('10');
  });

  it('cannot be said while one does not answer and another has lost what it had', () => {
    expect(() => judge(found({ places: [SILENCE, answered(NOTHING)] }))).toThrow(ShardFault);
  });
});
