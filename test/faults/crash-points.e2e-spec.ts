import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { unused } from '../support/gateway.js';
import type { ServerProcess } from '../support/server-process.js';
import { Arena } from './harness/arena.js';
import {
  APPLY_POINTS,
  COLLECT_POINTS,
  CrashWatch,
  REPAIR_POINTS,
  SNAPSHOT_POINTS,
  WRITE_POINTS,
  type CrashPoint,
} from './harness/crash-point.js';
import { now } from './harness/history.js';
import { leaderAmong } from './harness/leader.js';

/** More than two chunks of any script. */
const MANY = 260;

describe('a server that dies', () => {
  let arena: Arena;
  let watches: Record<CrashPoint['at'], CrashWatch>;
  let server: ServerProcess;
  let masterId: number;

  beforeAll(async () => {
    arena = await Arena.open({ scenario: 'crash points' });
    watches = { PostgreSQL: new CrashWatch(arena.toPostgres), Redis: new CrashWatch(arena.toRedis) };
    server = await arena.server();
    masterId = (await arena.write('POST', '/admin/masters', { name: 'many' })).id;
    const create = Array.from({ length: MANY }, () => ({ name: unused('key') }));
    await arena.write('POST', `/admin/masters/${masterId}/keys/batch?wait=applied&timeout_ms=20000`, { create });
  });
  afterAll(() => arena.close());

  /** Dies there because of what `cause` sets off; another server then has to make everything right. */
  async function dies(point: CrashPoint, cause: () => Promise<unknown>, finish?: string): Promise<string[]> {
    const death = watches[point.at].killAt(point, server);
    const caused = cause();
    await death;
    await caused;
    arena.history.fault(`killed ${point.name}`);
    server = await arena.server();
    // Requests are heard by whoever leads.
    await leaderAmong([server]);
    if (finish) await arena.write('POST', finish);
    return arena.verdict();
  }

  it.each(WRITE_POINTS)('$name leaves a version that is whole, or none', async (point) => {
    expect(
      await dies(point, () => arena.write('POST', `/admin/masters/${masterId}/manage`, { action: 'bump_epoch' })),
    ).toEqual([]);
  });

  it.each(APPLY_POINTS)('$name leaves nothing that the next one can’t finish', async (point) => {
    expect(
      await dies(point, () => arena.write('POST', `/admin/masters/${masterId}/manage`, { action: 'bump_epoch' })),
    ).toEqual([]);
  });

  it.each(SNAPSHOT_POINTS)('$name is followed by one that fills Redis', async (point) => {
    expect(await dies(point, () => arena.redis.client.flushall())).toEqual([]);
  });

  it.each(COLLECT_POINTS)('$name leaves no token that nothing explains', async (point) => {
    const stray = `auth:token:${'f'.repeat(64)}`;
    arena.history.add({ type: 'damage', at: now(), things: [stray] });
    await arena.redis.client.hset(stray, { status: 'active', group: 'default', weight: '1', balance: '0' });
    const snapshot = '/admin/sync/snapshot?wait=applied&timeout_ms=30000';
    expect(await dies(point, () => arena.write('POST', snapshot), snapshot)).toEqual([]);
  });

  it.each(REPAIR_POINTS)('$name leaves what was damaged to the next repair', async (point) => {
    const { name } = await arena.write('POST', '/admin/namespaces?wait=applied&timeout_ms=20000', {
      name: unused('ns'),
    });
    const things = [`config:namespaces ${name}`];
    arena.history.add({ type: 'damage', at: now(), things, isUnderWay: true });
    await arena.redis.client.hdel('config:namespaces', name);
    arena.history.add({ type: 'damage', at: now(), things });
    const reconcile = '/admin/sync/reconcile?wait_ms=20000';
    expect(await dies(point, () => arena.write('POST', reconcile), reconcile)).toEqual([]);
  });
});
