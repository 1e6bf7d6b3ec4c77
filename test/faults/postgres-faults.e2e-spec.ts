import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Arena } from './harness/arena.js';
import { POSTGRES_FAULTS } from './harness/faults.js';

const PATIENCE_MS = 120_000;

describe('what was acknowledged is committed, and Redis follows', () => {
  let arena: Arena;

  beforeAll(async () => {
    arena = await Arena.open({ scenario: 'faults of PostgreSQL', ownPostgres: true, allows: ['refusals'] });
    await arena.server();
  }, PATIENCE_MS);
  afterAll(() => arena.close());

  it.each(POSTGRES_FAULTS)(
    'while $name',
    async (fault) => {
      await arena.endure(fault, { forMs: fault.forMs ?? 4_000 });
      expect(await arena.verdict()).toEqual([]);
      expect(arena.servers.map(({ isRunning }) => isRunning)).toEqual([true]);
    },
    PATIENCE_MS,
  );
});
