import { setTimeout as sleep } from 'node:timers/promises';
import { type Arena, type Served, sideBySide } from './support/arena.js';
import { wrongKeys } from './support/compare.js';
import type { Figure } from './support/figure.js';
import { Gate } from './support/gate.js';
import { type SeededKey, someKeys } from './support/seed.js';
import { ORIGINAL, OURS } from './support/side.js';
import { ms, quantile, seconds } from './support/stats.js';
import { paced } from './support/time.js';

const KEYS = 10_000;
const CHANGED = 300;
const PER_SECOND = 50;
const WEIGHT = 77;
/** Longer than the original's way tries. */
const OUTAGE_MS = 300_000;
/** Then its outbox has been read several times. */
const PATIENCE_MS = 30_000;
const MOST_REQUEST_MS = 150;
const MOST_RECOVERY_MS = 2000;

/** Redis refuses connections for five minutes, and 300 keys are changed meanwhile; then it is back. */
export async function outage(folder: string): Promise<Figure[]> {
  const gate = await Gate.before(process.env.EZ_REDIS_ADDR!);
  try {
    return await sideBySide(folder, { name: 'bench_outage', keys: KEYS }, async (ours, original) => {
      for (const arena of [ours, original]) arena.redirectRedis(gate.addr);
      return measure(gate, ours, original);
    });
  } finally {
    await gate.shut();
  }
}

async function measure(gate: Gate, ours: Arena, original: Arena): Promise<Figure[]> {
  const [served, servedOriginal] = [await ours.serve(), await original.serveOriginal()];
  await servedOriginal.http.call('POST', '/sync/snapshot');
  await gate.shut();
  const downSince = performance.now();
  const taken = await change(served, OURS, await someKeys(ours.pool, CHANGED));
  const takenByOriginal = await change(servedOriginal, ORIGINAL, await someKeys(original.pool, CHANGED));
  await sleep(OUTAGE_MS - (performance.now() - downSince));
  await gate.open();
  const openedAt = performance.now();
  const recovery = (await ours.untilRedisFollows()) - openedAt;
  const wrong = await wrongKeys(ours);
  const recoveryOfOriginal = await untilRight(original, openedAt);
  return [
    {
      what: `${CHANGED} changes while Redis is away: the requests`,
      ours: `all accepted, p50 ${ms(quantile(taken, 0.5))}, p99 ${ms(quantile(taken, 0.99))}`,
      yardstick: `the original's way: p50 ${ms(quantile(takenByOriginal, 0.5))}, p99 ${ms(quantile(takenByOriginal, 0.99))}`,
      target: 'all accepted, p99 ≤ 150 ms',
      isMet: quantile(taken, 0.99) <= MOST_REQUEST_MS,
    },
    {
      what: `… Redis is back after ${OUTAGE_MS / 60_000} minutes → it holds them all`,
      ours: `${seconds(recovery)}, ${wrong} of ${CHANGED} wrong`,
      yardstick: `the original's way: ${recoveryOfOriginal}`,
      target: '≤ 2 s',
      isMet: recovery <= MOST_RECOVERY_MS && wrong === 0,
    },
  ];
}

async function change(served: Served, { send }: typeof OURS, keys: SeededKey[]): Promise<number[]> {
  const taken: number[] = [];
  await paced(PER_SECOND, keys.length, async (i) => {
    const sentAt = performance.now();
    await send(served, [keys[i]!], { weight: WEIGHT });
    taken.push(performance.now() - sentAt);
  });
  return taken;
}

async function untilRight(arena: Arena, openedAt: number): Promise<string> {
  for (;;) {
    const wrong = await wrongKeys(arena);
    const waited = performance.now() - openedAt;
    if (wrong === 0) return seconds(waited);
    if (waited > PATIENCE_MS) return `${wrong} of ${CHANGED} wrong ${PATIENCE_MS / 1000} s later, and for ever`;
    await sleep(100);
  }
}
