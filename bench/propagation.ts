import { redisKeys } from '../src/contract/redis-keys.js';
import { Arena, type Served } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { type SeededKey, someKeys } from './support/seed.js';
import { spread, typicalQuantile } from './support/stats.js';
import { clockOffset, paced, until } from './support/time.js';

const PER_SECOND = 100;
const ROUNDS = 5;
const ROUND_CHANGES = 1000;
/** Every so many changes, one is a revocation. */
const REVOKED = 10;
/** A value that no key has before it is changed. */
const NEW_WEIGHT = 77;

/** How long a change takes to Redis at 100 changes/s, seen by a reader that asks for the very field every millisecond. */
export async function propagation(folder: string): Promise<Figure[]> {
  const keys = (ROUNDS + 1) * ROUND_CHANGES;
  const ours = await Arena.open(folder, 'bench_propagation', { redisDb: 1, keys });
  const original = await Arena.open(folder, 'bench_propagation_original', { redisDb: 2, keys });
  try {
    return await compare(
      new Side(ours, await ours.serve(), SEALED_AT, adminApi),
      new Side(original, await original.serveBare(), UPDATED_AT, bareApi),
      keys,
    );
  } finally {
    await ours.close();
    await original.close();
  }
}

async function compare(ours: Side, original: Side, keys: number): Promise<Figure[]> {
  await ours.prepare(keys);
  await original.prepare(keys);
  const taken = { ours: [] as Latencies[], original: [] as Latencies[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const ourRound = await ours.round(round);
    const originalRound = await original.round(round);
    if (round === 0) continue; // warms up
    taken.ours.push(ourRound);
    taken.original.push(originalRound);
  }
  return figures(taken.ours, taken.original);
}

function figures(ours: Latencies[], original: Latencies[]): Figure[] {
  const p99 = (name: keyof Latencies): number => typicalQuantile(column(ours, name), 0.99);
  const both = (name: keyof Latencies): Pick<Figure, 'ours' | 'yardstick'> => ({
    ours: spread(column(ours, name)),
    yardstick: `PostgreSQL, then HSET, in the request: ${spread(column(original, name))}`,
  });
  return [
    {
      what: `Commit → visible in Redis, ${PER_SECOND} changes/s`,
      ...both('edits'),
      target: 'p50 ≤ 15 ms, p99 ≤ 100 ms',
      isMet: typicalQuantile(column(ours, 'edits'), 0.5) <= 15 && p99('edits') <= 100,
    },
    {
      what: 'Commit → revocation visible, among those',
      ...both('revocations'),
      target: 'p99 ≤ 100 ms',
      isMet: p99('revocations') <= 100,
    },
    { what: '… HTTP answer → visible', ...both('fromAnswer'), target: '' },
    { what: '… the HTTP request itself', ...both('requests'), target: '' },
  ];
}

const column = (rounds: Latencies[], name: keyof Latencies): number[][] => rounds.map((round) => round[name]);

/* When the last statement before COMMIT ran: the commit itself is no earlier, so no latency looks shorter than it is. */
const SEALED_AT = `
  SELECT ref, extract(epoch FROM changed_at) * 1000 AS at FROM sync_resource WHERE kind = 'key' AND ref = ANY ($1)`;
const UPDATED_AT = `
  SELECT s.token_hash AS ref, extract(epoch FROM k.updated_at) * 1000 AS at
    FROM key_secrets s JOIN keys k ON k.id = s.key_id WHERE s.token_hash = ANY ($1)`;

type Change = 'edit' | 'revoke';
type Send = (served: Served, key: SeededKey, change: Change) => Promise<unknown>;

const adminApi: Send = ({ http }, { master_id, id }, change) =>
  change === 'edit'
    ? http.call('PATCH', `/admin/masters/${master_id}/keys/${id}`, { weight: NEW_WEIGHT })
    : http.call('POST', `/admin/masters/${master_id}/keys/${id}/revoke`);

const bareApi: Send = ({ http }, { id }, change) =>
  http.call('PATCH', `/keys/${id}`, change === 'edit' ? { weight: NEW_WEIGHT } : { status: 'revoked' });

interface Seen {
  key: SeededKey;
  change: Change;
  sentAt: number;
  answeredAt: number;
  visibleAt: number;
}

/** Milliseconds, in one round. */
interface Latencies {
  /** From the commit to Redis. */
  edits: number[];
  revocations: number[];
  /** From the answer to Redis; negative when Redis had it before. */
  fromAnswer: number[];
  requests: number[];
}

/** One of the two that are compared. */
class Side {
  private keys: SeededKey[] = [];

  constructor(
    private readonly arena: Arena,
    private readonly served: Served,
    private readonly changedAt: string,
    private readonly send: Send,
  ) {}

  async prepare(keys: number): Promise<void> {
    this.keys = await someKeys(this.arena.pool, keys);
  }

  /** Each change has a key of its own, so that none can hide behind a later one. */
  async round(round: number): Promise<Latencies> {
    const seen: Seen[] = [];
    await paced(PER_SECOND, ROUND_CHANGES, async (index) => {
      const key = this.keys[round * ROUND_CHANGES + index]!;
      seen.push(await this.change(key, index % REVOKED === 0 ? 'revoke' : 'edit'));
    });
    const commits = await this.commitsOf(seen);
    const fromCommit = (change: Change): number[] =>
      seen.filter((one) => one.change === change).map(({ key, visibleAt }) => visibleAt - commits.get(key.token_hash)!);
    return {
      edits: fromCommit('edit'),
      revocations: fromCommit('revoke'),
      fromAnswer: seen.map(({ visibleAt, answeredAt }) => visibleAt - answeredAt),
      requests: seen.map(({ answeredAt, sentAt }) => answeredAt - sentAt),
    };
  }

  private async change(key: SeededKey, change: Change): Promise<Seen> {
    const sentAt = performance.now();
    const answer = this.send(this.served, key, change).then(() => performance.now());
    const [answeredAt, visibleAt] = await Promise.all([answer, until(() => this.isVisible(key, change))]);
    return { key, change, sentAt, answeredAt, visibleAt };
  }

  private async isVisible({ token_hash }: SeededKey, change: Change): Promise<boolean> {
    const [field, value] = change === 'edit' ? ['weight', String(NEW_WEIGHT)] : ['status', 'revoked'];
    return (await this.arena.redis.hget(redisKeys.token(token_hash), field)) === value;
  }

  private async commitsOf(seen: Seen[]): Promise<Map<string, number>> {
    const offset = await clockOffset(this.arena.pool);
    const hashes = seen.map(({ key }) => key.token_hash);
    const { rows } = await this.arena.pool.query<{ ref: string; at: string }>(this.changedAt, [hashes]);
    return new Map(rows.map(({ ref, at }) => [ref, Number(at) - offset]));
  }
}
