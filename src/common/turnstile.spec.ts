import { describe, expect, it } from '@jest/globals';
import { Turnstile } from './turnstile.js';

describe('a turnstile', () => {
  it('lets in as many as it may, the next when one has left, and turns away whom it can’t let wait', async () => {
    const turnstile = new Turnstile(2, 1);
    const leave: (() => void)[] = [];
    const visits = [1, 2, 3].map(() => turnstile.pass(() => new Promise<void>((resolve) => leave.push(resolve))));
    await expect(turnstile.pass(() => Promise.resolve())).rejects.toMatchObject({ code: 'queue_full' });
    expect(leave).toHaveLength(2);
    leave[0]!();
    await visits[0];
    await Promise.resolve();
    expect(leave).toHaveLength(3);
    leave.forEach((go) => go());
    await Promise.all(visits);
  });

  it('gives the place of one that failed to the next', async () => {
    const turnstile = new Turnstile(1, 1);
    await expect(turnstile.pass(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await turnstile.pass(() => Promise.resolve('in'))).toBe('in');
  });
});
