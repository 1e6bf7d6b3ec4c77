import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { unused } from '../support/gateway.js';
import type { Http } from '../support/http.js';
import { until } from '../support/launcher.js';
import type { ServerProcess } from '../support/server-process.js';
import type { Connection } from '../support/tcp-proxy.js';
import { Arena } from './harness/arena.js';
import { leaderAmong } from './harness/leader.js';
import { APPLY_POINTS, CrashWatch, SNAPSHOT_POINTS, type CrashPoint } from './harness/crash-point.js';

const PATIENCE_MS = 120_000;
const MANY = 260;

describe('of three servers', () => {
  let arena: Arena;
  let onRedis: CrashWatch;
  let masterId: number;
  const listening: Connection[] = [];

  beforeAll(async () => {
    arena = await Arena.open({ scenario: 'replicas' });
    onRedis = new CrashWatch(arena.toRedis);
    arena.toPostgres.judge = ({ says }, connection) => {
      if (says.includes('LISTEN ez_config')) listening.push(connection);
      return 'pass';
    };
    await Promise.all([arena.server(), arena.server(), arena.server()]);
    masterId = (await arena.write('POST', '/admin/masters', { name: 'many' })).id;
    const create = Array.from({ length: MANY }, () => ({ name: unused('key') }));
    await arena.write('POST', `/admin/masters/${masterId}/keys/batch?wait=applied&timeout_ms=20000`, { create });
  }, PATIENCE_MS);
  afterAll(() => arena.close());

  const alive = (): ServerProcess[] => arena.servers.filter(({ hasEnded }) => !hasEnded);

  /** Stops the leader there, lets another take over, and wakes it while that one dispatches. */
  async function sleepsAt(point: CrashPoint, cause: (awake: Http) => Promise<unknown>): Promise<void> {
    const zombie = await leaderAmong(alive());
    const asleep = onRedis.sleepAt(point, zombie);
    const others = alive().flatMap((server) => (server === zombie ? [] : server.admin));
    arena.load.start(() => others);
    await cause(others[0]!);
    const goOn = await asleep;
    arena.history.fault(`the leader was stopped ${point.name}`);
    await leaderAmong(alive().filter((server) => server !== zombie));
    await arena.writes(30);
    goOn();
    arena.history.fault('it goes on');
    await arena.writes(60);
    expect(await arena.verdict()).toEqual([]);
  }

  it.each(APPLY_POINTS.slice(1, 4))(
    'a leader that sleeps $name, and wakes up when another leads, does no harm',
    (point) =>
      sleepsAt(point, (awake) =>
        arena.write('POST', `/admin/masters/${masterId}/manage`, { action: 'bump_epoch' }, awake),
      ),
    PATIENCE_MS,
  );

  it.each(SNAPSHOT_POINTS)(
    'a leader that sleeps $name, and wakes up when another leads, does no harm',
    (point) => sleepsAt(point, () => arena.redis.client.flushall()),
    PATIENCE_MS,
  );

  it(
    'those whose LISTEN connections die half-open notice, and go on',
    async () => {
      arena.load.start(arena.serving);
      await arena.writes(20);
      for (const connection of listening.splice(0)) connection.hold();
      arena.history.fault('all LISTEN connections went silent');
      await arena.writes(100);
      await until(() => listening.length >= 3, PATIENCE_MS);
      expect(await arena.verdict()).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'another takes over from a leader that is killed',
    async () => {
      arena.load.start(arena.serving);
      await arena.writes(20);
      const killed = await leaderAmong(alive());
      await killed.end('SIGKILL');
      const from = performance.now();
      arena.history.fault('the leader was killed');
      await leaderAmong(alive());
      process.stderr.write(
        `faults: another led ${Math.round(performance.now() - from)} ms after the leader was killed\n`,
      );
      await arena.writes(40);
      expect(await arena.verdict()).toEqual([]);
    },
    PATIENCE_MS,
  );
});
