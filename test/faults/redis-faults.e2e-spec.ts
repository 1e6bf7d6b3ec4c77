import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Arena } from './harness/arena.js';
import { REDIS_AWAY, REDIS_EMPTIED, REDIS_SICK } from './harness/faults.js';

const PATIENCE_MS = 120_000;

/** One arena for all: what one fault leaves behind is there when the next strikes. */
describe('every invariant holds', () => {
  let arena: Arena;

  beforeAll(async () => {
    arena = await Arena.open({ scenario: 'faults of Redis' });
    await arena.server();
  }, PATIENCE_MS);
  afterAll(() => arena.close());

  it.each([...REDIS_AWAY, ...REDIS_SICK, ...REDIS_EMPTIED])(
    'while $name',
    async (fault) => {
      await arena.endure(fault, { forMs: 1_500 });
      expect(await arena.verdict()).toEqual([]);
    },
    PATIENCE_MS,
  );
});
