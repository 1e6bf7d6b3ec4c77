import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from '../../support/server-process.js';
import type { Arena } from './arena.js';
import { POSTGRES_FAULTS, REDIS_AWAY, REDIS_EMPTIED, REDIS_SICK, type Fault } from './faults.js';
import type { Random } from './random.js';

/** Between two judgements: what a history holds in memory is bounded by it, and so is the search for a cause. */
const CHAPTER_MS = 60_000;

/** Faults of the servers themselves. */
const SERVER_FAULTS: readonly Fault[] = [
  {
    name: 'a server is killed, and another started',
    async strike(arena) {
      const server = oneOf(arena);
      await server.end('SIGKILL');
      return () => arena.server();
    },
  },
  {
    name: 'a server sleeps',
    strike(arena) {
      const server = oneOf(arena);
      server.signal('SIGSTOP');
      return Promise.resolve(() => server.signal('SIGCONT'));
    },
  },
  {
    name: 'a server is replaced',
    async strike(arena) {
      const server = oneOf(arena);
      await arena.server();
      await server.end('SIGTERM');
      return () => undefined;
    },
  },
];

const OF_REDIS: readonly Fault[] = [...REDIS_AWAY, ...REDIS_SICK, ...REDIS_EMPTIED];
const OF_OTHERS: readonly Fault[] = [...POSTGRES_FAULTS, ...SERVER_FAULTS];

/** Strikes one thing after the other, sometimes two at a time, under load. Throws what it finds as soon as a chapter ends. */
export async function mix(arena: Arena, forMs: number): Promise<void> {
  const random = arena.random.fork();
  for (const end = Date.now() + forMs; Date.now() < end;) {
    const chapterEnd = Math.min(end, Date.now() + CHAPTER_MS);
    while (Date.now() < chapterEnd) await strike(arena, random);
    const violations = await arena.verdict();
    if (violations.length > 0) throw new Error(violations.join('\n'));
    arena.forget();
  }
}

async function strike(arena: Arena, random: Random): Promise<void> {
  const faults = chooseFaults(random);
  arena.load.start(arena.serving);
  await arena.writes(10);
  const heals: (() => unknown)[] = [];
  for (const fault of faults) {
    arena.history.fault(`while ${fault.name}`);
    heals.push(await fault.strike(arena));
  }
  await sleep(random.int(200, 5_000));
  for (const heal of heals.toReversed()) await heal();
  arena.history.fault('healed');
  await arena.writes(10);
  await arena.load.stop();
}

/** Mostly one, sometimes one on each side. */
function chooseFaults(random: Random): Fault[] {
  const pair = [random.pick(OF_REDIS)!, random.pick(OF_OTHERS)!];
  return random.chance(0.3) ? pair : [random.pick(pair)!];
}

function oneOf(arena: Arena): ServerProcess {
  return arena.random.pick(arena.servers.filter(({ isRunning }) => isRunning))!;
}
