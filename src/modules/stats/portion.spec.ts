import { describe, expect, it } from '@jest/globals';
import { Portion } from './portion.js';

const TOO_LONG = { code: '57014' };

describe('the portion of deltas that one statement moves', () => {
  it('is a quarter after a statement that took too long, and grows back when it is quick', () => {
    const portion = new Portion();
    const { size } = portion;
    portion.failed(TOO_LONG);
    expect(portion.size).toBe(size / 4);
    portion.passed(100);
    portion.passed(100);
    expect(portion.size).toBe(size);
  });

  it('doubles while statements are quick, but not without end', () => {
    const portion = new Portion();
    const { size } = portion;
    portion.passed(100);
    expect(portion.size).toBe(2 * size);
    for (let i = 0; i < 20; i++) portion.passed(100);
    expect(portion.size).toBe(1_000_000);
  });

  it('stays where twice as much might take too long, and is halved where it nearly took too long', () => {
    const portion = new Portion();
    const { size } = portion;
    portion.passed(10_000);
    expect(portion.size).toBe(size);
    portion.passed(20_000);
    expect(portion.size).toBe(size / 2);
  });

  it('begins again with a quarter of the first, however much it had grown', () => {
    const portion = new Portion();
    const { size } = portion;
    for (let i = 0; i < 20; i++) portion.passed(100);
    portion.failed(TOO_LONG);
    expect(portion.size).toBe(size / 4);
  });

  it('never gets so small that nothing moves, and stays as it is after other failures', () => {
    const portion = new Portion();
    portion.failed(new Error('connection lost'));
    expect(portion.size).toBe(new Portion().size);
    for (let i = 0; i < 20; i++) portion.failed(TOO_LONG);
    expect(portion.size).toBe(1_000);
  });
});
