import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';

const LONGEST_WAIT_MS = 120_000;

/** Asks about every millisecond until it is so. */
export async function until(isSo: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedAt > LONGEST_WAIT_MS) throw new Error(`waited in vain for ${isSo.toString()}`);
    await sleep(1);
  }
  return performance.now();
}

/** An open loop: begins an action at each tick, whether or not the ones before have ended. */
export async function paced(perSecond: number, count: number, action: (index: number) => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  const actions: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    await sleep(Math.max(0, startedAt + (index * 1000) / perSecond - performance.now()));
    actions.push(action(index));
  }
  await Promise.all(actions);
}

/** What has to be added to `performance.now()` to get the milliseconds since 1970 on PostgreSQL's clock. */
export async function clockOffset(pool: Pool): Promise<number> {
  let best = { roundTrip: Infinity, offset: 0 };
  for (let i = 0; i < 50; i++) {
    const before = performance.now();
    const { rows } = await pool.query<{ now: string }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now');
    const after = performance.now();
    const offset = Number(rows[0]!.now) - (before + after) / 2;
    if (after - before < best.roundTrip) best = { roundTrip: after - before, offset };
  }
  return best.offset;
}
