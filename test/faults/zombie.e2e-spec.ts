import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Arena } from './harness/arena.js';
import { leaderAmong } from './harness/leader.js';

const ASLEEP_MS = 60_000;
const PATIENCE_MS = 120_000;

let arena: Arena;

beforeAll(async () => {
  arena = await Arena.open({ scenario: 'a zombie' });
  await Promise.all([arena.server(), arena.server()]);
}, PATIENCE_MS);
afterAll(() => arena.close());

it(
  'a leader that sleeps for a minute, longer than anything waits for it, does no harm when it wakes',
  async () => {
    const zombie = await leaderAmong(arena.servers);
    const others = arena.servers.filter((server) => server !== zombie);
    arena.load.start(() => others.map(({ admin }) => admin));
    await arena.writes(20);
    zombie.signal('SIGSTOP');
    arena.history.fault('the leader was stopped');
    await leaderAmong(others);
    await sleep(ASLEEP_MS);
    zombie.signal('SIGCONT');
    arena.history.fault('it goes on');
    await arena.writes(60);
    expect(await arena.verdict()).toEqual([]);
  },
  ASLEEP_MS + PATIENCE_MS,
);
