import { describe, expect, it } from '@jest/globals';
import { parseMarker, standingOf, type Standing } from './marker.js';

const HEAD = { gen: '2', version: '100', source: 'ours' };

const standing = (fields: Record<string, string>): Standing =>
  standingOf(parseMarker({ gen: '2', version: '100', source: 'ours', ...fields }).marker, HEAD);

describe('where Redis stands', () => {
  it.each<[Standing, Record<string, string>]>([
    ['current', {}],
    ['behind', { version: '99' }],
    ['behind', { version: '9' }],
    ['outdated', { gen: '1', version: '500' }],
    ['outdated', { gen: '1', source: 'theirs' }],
    ['alien', { version: '101' }],
    ['alien', { version: '1000' }],
    ['alien', { gen: '3' }],
    ['alien', { gen: '10', version: '1' }],
    ['alien', { source: 'theirs' }],
    ['absent', { version: '' }],
    ['absent', { version: '12x' }],
    ['absent', { gen: '' }],
    ['absent', { source: '' }],
    ['absent', { fence: 'x' }],
  ])('is %s with %j', (expected, fields) => {
    expect(standing(fields)).toBe(expected);
  });

  it('is named by what was found, readable or not, so that it can be compared', () => {
    expect(parseMarker({})).toEqual({ name: '//', marker: undefined });
    expect(parseMarker({ gen: '2', version: 'x' })).toEqual({ name: '2/x/', marker: undefined });
    expect(parseMarker({ gen: '2', version: '7', source: 's' }).name).toBe('2/7/s');
  });
});
