import { afterEach, expect, it } from '@jest/globals';
import { Arena } from './harness/arena.js';
import { mix } from './harness/mix.js';

const MINUTES = Number(process.env.EZ_SOAK_MINUTES ?? 0.4);
const PATIENCE_MS = 180_000;

let arena: Arena;
afterEach(() => arena.close());

it(
  'every invariant holds whatever goes wrong, in whatever order',
  async () => {
    arena = await Arena.open({ scenario: 'soak', ownPostgres: true, allows: ['refusals'] });
    await Promise.all([arena.server(), arena.server()]);
    await mix(arena, MINUTES * 60_000);
    expect(await arena.verdict()).toEqual([]);
  },
  MINUTES * 60_000 * 3 + PATIENCE_MS,
);
