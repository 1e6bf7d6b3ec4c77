import { describe, expect, it } from '@jest/globals';
import { covers, lossesOf, type Counts } from './losses.js';

const keys = (count: number): Counts => new Map([['key', count]]);
const lost = (from: number, to: number, explained = 0) => lossesOf(keys(from), keys(to), keys(explained));

describe('a loss', () => {
  it.each([
    ['more than half and more than a hundred', 202, 100],
    ['all of it', 150, 0],
    ['the only one', 1, 0],
  ])('is %s', (_what, from, to) => {
    expect(lost(from, to)).toEqual([{ kind: 'key', from, to }]);
  });

  it.each([
    ['half', 400, 200],
    ['most of few', 101, 1],
    ['nothing', 5, 5],
    ['growth', 0, 7],
  ])('is not %s', (_what, from, to) => {
    expect(lost(from, to)).toEqual([]);
  });

  it('is not what somebody asked for', () => {
    expect(lost(1000, 10, 990)).toEqual([]);
    expect(lost(1000, 0, 1000)).toEqual([]);
    expect(lost(1000, 0, 200)).toEqual([{ kind: 'key', from: 1000, to: 0 }]);
  });

  it('is told of each kind for itself', () => {
    const held: Counts = new Map([
      ['key', 10],
      ['model', 10],
    ]);
    expect(lossesOf(held, keys(10), new Map())).toEqual([{ kind: 'model', from: 10, to: 0 }]);
  });
});

describe('what was confirmed', () => {
  const shown = [{ kind: 'key' as const, from: 500, to: 100 }];

  it('lets that much pass, and less', () => {
    expect(covers(shown, shown)).toBe(true);
    expect(covers(shown, [{ kind: 'key', from: 500, to: 200 }])).toBe(true);
  });

  it('lets neither more pass, nor another kind', () => {
    expect(covers(shown, [{ kind: 'key', from: 500, to: 99 }])).toBe(false);
    expect(covers(shown, [...shown, { kind: 'model', from: 1, to: 0 }])).toBe(false);
  });
});
