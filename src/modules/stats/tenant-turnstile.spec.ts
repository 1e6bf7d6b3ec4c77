import { describe, expect, it } from '@jest/globals';
import { TenantTurnstile } from './tenant-turnstile.js';

/** Questions that are answered when they are let go, and who asked those that are being answered. */
class Questions {
  readonly running: number[] = [];
  private readonly ends: (() => void)[] = [];
  private readonly turnstile = new TenantTurnstile();

  ask = (masterId: number): Promise<void> =>
    this.turnstile.pass(masterId, async () => {
      this.running.push(masterId);
      await new Promise<void>((resolve) => this.ends.push(resolve));
      this.running.splice(this.running.indexOf(masterId), 1);
    });

  /** Those that are being answered, and all that come after them. */
  async answer(all: Promise<unknown>): Promise<void> {
    while (this.ends.length > 0) {
      for (const end of this.ends.splice(0)) end();
      await settled();
    }
    await all;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('questions of tenants at the same time', () => {
  it('are one of a tenant and two of all, and the others wait for their turn', async () => {
    const questions = new Questions();
    const all = [1, 1, 1, 2, 3].map(questions.ask);
    await settled();
    expect(questions.running).toEqual([1, 2]);
    await questions.answer(Promise.all(all));
    expect(questions.running).toEqual([]);
  });

  it('are refused when one tenant asks without end, who keeps no other out', async () => {
    const questions = new Questions();
    const all = Array.from({ length: 11 }, () => questions.ask(1));
    await expect(questions.ask(1)).rejects.toMatchObject({ kind: 'too_many', retryAfterSeconds: 1 });
    all.push(questions.ask(2));
    await settled();
    expect(questions.running).toEqual([1, 2]);
    await questions.answer(Promise.all(all));
  });
});
