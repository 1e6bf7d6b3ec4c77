import { afterEach, describe, expect, it } from '@jest/globals';
import { unused } from '../support/gateway.js';
import type { ServerProcess } from '../support/server-process.js';
import type { Invariant } from './checker/violation.js';
import { Arena } from './harness/arena.js';
import { APPLY_POINTS, CrashWatch, type CrashPoint } from './harness/crash-point.js';
import { leaderAmong } from './harness/leader.js';
import { buildMutant, type Mutation } from './harness/mutant.js';

const PATIENCE_MS = 240_000;
const MANY = 260;

const APPLY = 'sync/scripts/apply.lua';

/** Everything that keeps an APPLY of an earlier term from doing harm: take away one, and the others hold. */
const UNGUARDED: readonly Mutation[] = [
  { file: APPLY, from: `if is_newer(marker.fence, fence) then`, to: 'if false then' },
  { file: APPLY, from: `if is_newer(from, marker.version) then`, to: 'if false then' },
  { file: APPLY, from: `if chunk > 1 and`, to: 'if false and' },
  { file: APPLY, from: `if not is_newer(item.version, held) then`, to: 'if false then' },
];

type Step = (awake: ServerProcess) => Promise<unknown>;

/** The same scenarios that the product passes, with the product made wrong. */
describe('the checker catches a product', () => {
  let arena: Arena;
  let remove: () => void;

  afterEach(async () => {
    await arena.close();
    remove();
  });

  async function open(mutations: readonly Mutation[], servers = 1): Promise<void> {
    const mutant = buildMutant(mutations);
    remove = mutant.remove;
    arena = await Arena.open({ scenario: 'mutant' });
    await Promise.all(Array.from({ length: servers }, () => arena.server(mutant.main)));
  }

  async function caught(): Promise<Invariant[]> {
    await arena.load.stop();
    return [...new Set((await arena.violations()).map(({ invariant }) => invariant))];
  }

  async function manyKeys(): Promise<number> {
    const { id } = await arena.write('POST', '/admin/masters', { name: 'many' });
    const create = Array.from({ length: MANY }, () => ({ name: unused('key') }));
    await arena.write('POST', `/admin/masters/${id}/keys/batch?wait=applied&timeout_ms=20000`, { create });
    return id as number;
  }

  /** The leader falls asleep with a script under way, which arrives when another leads. */
  async function sleepsAt(point: CrashPoint, cause: Step, newer: Step): Promise<void> {
    const onRedis = new CrashWatch(arena.toRedis);
    await manyKeys();
    const zombie = await leaderAmong(arena.servers);
    const awake = arena.servers.find((server) => server !== zombie)!;
    const asleep = onRedis.sleepAt(point, zombie);
    arena.load.start(() => [awake.admin]);
    await cause(awake);
    const goOn = await asleep;
    await leaderAmong([awake]);
    await newer(awake);
    goOn();
    await arena.writes(20);
  }

  it(
    'that raises the marker with the first chunk',
    async () => {
      await open([{ file: APPLY, from: 'if not is_last then', to: 'if false then' }]);
      const id = await manyKeys();
      arena.toRedis.delay(40);
      await arena.write('POST', `/admin/masters/${id}/manage?wait=applied&timeout_ms=20000`, { action: 'bump_epoch' });
      expect(await caught()).toContain('I6 the marker never overstates');
    },
    PATIENCE_MS,
  );

  it(
    'that says `applied` when the time is up',
    async () => {
      await open([{ file: 'sync/applied-wait.js', from: `: 'pending'`, to: `: 'applied'` }]);
      await manyKeys();
      arena.toRedis.delay(300);
      await arena.write('POST', '/admin/namespaces?wait=applied&timeout_ms=1', { name: unused('ns') });
      await arena.observer.look();
      await arena.toRedis.pass();
      expect(await caught()).toContain('truthful receipt');
    },
    PATIENCE_MS,
  );

  it(
    'that forgets the bindings of a provider group',
    async () => {
      await open([
        { file: 'modules/provider-groups/provider-groups.service.js', from: `tx.changed('binding',`, to: `void (` },
      ]);
      const { name } = await arena.write('POST', '/admin/namespaces', { name: unused('ns') });
      const { id } = await arena.write('POST', '/admin/provider-groups', { name: 'pg', type: 'openai', models: ['m'] });
      await arena.write('POST', '/admin/api-keys', { provider_group_id: id, secret: 'sk-x' });
      await arena.write('POST', '/admin/bindings', { namespace: name, public_model: 'm', group_id: id });
      await arena.write('PATCH', `/admin/provider-groups/${id}`, { models: ['other'] });
      expect(await caught()).toContain('I3 dependency completeness');
    },
    PATIENCE_MS,
  );

  it(
    'that leaves out the operation log',
    async () => {
      await open([
        {
          file: 'outbox/seal.js',
          from: 'jsonb_to_recordset($4::jsonb)',
          to: 'jsonb_to_recordset($4::jsonb - 0)',
        },
      ]);
      await arena.write('POST', '/admin/namespaces', { name: unused('ns') });
      expect(await caught()).toContain('I1 atomic intent');
    },
    PATIENCE_MS,
  );

  it(
    'that applies whatever arrives',
    async () => {
      await open(UNGUARDED, 2);
      const bump =
        (query: string): Step =>
        ({ admin }) =>
          arena.write('POST', `/admin/masters/1/manage${query}`, { action: 'bump_epoch' }, admin);
      await sleepsAt(APPLY_POINTS[2]!, bump(''), bump('?wait=applied&timeout_ms=20000'));
      // Seen on its way back, or still there at the end.
      const found = await caught();
      expect(found.filter((invariant) => invariant === 'I4 monotone' || invariant === 'I15 convergence')).not.toEqual(
        [],
      );
    },
    PATIENCE_MS,
  );
});
