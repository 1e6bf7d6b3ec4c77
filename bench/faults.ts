import { setTimeout as sleep } from 'node:timers/promises';
import { type Arena, type Served, sideBySide } from './support/arena.js';
import { wrongKeys } from './support/compare.js';
import type { Figure } from './support/figure.js';
import { Gate } from './support/gate.js';
import { type SeededKey, someKeys } from './support/seed.js';
import { ORIGINAL, OURS } from './support/side.js';

const KEYS = 400;
const EDITS = 1000;
const CONNECTIONS = 16;
/** Of the edits. */
const REDIS_ERRORS = 0.1;
const CRASHES = 0.01;
const RETRY_MS = 50;
const LONGEST_DRAIN_MS = 90_000;

/** Edits while Redis fails and the program dies again and again. How much is wrong when nothing is left to do? */
export async function faults(folder: string): Promise<Figure[]> {
  const gate = await Gate.before(process.env.EZ_REDIS_ADDR!);
  try {
    return await sideBySide(folder, { name: 'bench_faults', keys: KEYS }, async (ours, original) => {
      ours.redirectRedis(gate.addr);
      return [figure(await breakOurs(ours, gate), await breakOriginal(original))];
    });
  } finally {
    await gate.shut();
  }
}

const figure = (wrong: number, wrongOfOriginal: number): Figure => ({
  what: `${EDITS.toLocaleString('en')} edits of ${KEYS} keys, ${100 * REDIS_ERRORS} % Redis errors, ${100 * CRASHES} % crashes: wrong in the end`,
  ours: `${wrong} of ${KEYS}`,
  yardstick: `the original's way, its outbox drained: ${wrongOfOriginal} of ${KEYS}`,
  target: '0',
  isMet: wrong === 0,
});

/** A crash is a kill −9 and a new start; an error of Redis breaks all connections to it, whatever is under way on them. */
async function breakOurs(arena: Arena, gate: Gate): Promise<number> {
  let served = await arena.serve();
  const keys = await someKeys(arena.pool, KEYS);
  let restarting: Promise<void> | undefined;
  const restart = async (): Promise<void> => {
    await served.program.kill();
    served = await arena.serveUnready();
    restarting = undefined;
  };
  await edit(keys, async (key, i) => {
    if (i % (1 / REDIS_ERRORS) === 0) gate.breakConnections();
    if (i % (1 / CRASHES) === 50) restarting ??= restart();
    await restarting;
    await accepted(() => OURS.send(served, [key], { weight: i + 1 }));
  });
  await restarting;
  await arena.untilRedisFollows();
  return wrongKeys(arena);
}

/** A crash is a request that ends between the two stores; an error of Redis is one that it is told of. */
async function breakOriginal(arena: Arena): Promise<number> {
  const ordered = { BENCH_CRASHES: String(CRASHES), BENCH_REDIS_ERRORS: String(REDIS_ERRORS) };
  const served: Served = await arena.serveOriginal(ordered);
  await served.http.call('POST', '/sync/snapshot');
  const keys = await someKeys(arena.pool, KEYS);
  await edit(keys, (key, i) => ORIGINAL.send(served, [key], { weight: i + 1 }));
  for (let waited = 0; waited < LONGEST_DRAIN_MS; waited += 1000) {
    const { rows } = await arena.pool.query(`SELECT FROM original_outbox WHERE status = 'pending' LIMIT 1`);
    if (rows.length === 0) break;
    await sleep(1000);
  }
  return wrongKeys(arena);
}

async function edit(keys: SeededKey[], change: (key: SeededKey, i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    for (let i = next++; i < EDITS; i = next++) await change(keys[Math.floor(Math.random() * KEYS)]!, i);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
}

/** Who dies doesn't answer; who asked asks again. */
async function accepted(send: () => Promise<unknown>): Promise<void> {
  while (
    !(await send().then(
      () => true,
      () => false,
    ))
  )
    await sleep(RETRY_MS);
}
