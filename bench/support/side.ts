import { setTimeout as sleep } from 'node:timers/promises';
import { redisKeys } from '../../src/contract/redis-keys.js';
import type { Arena, Served } from './arena.js';
import { FieldWatcher } from './field-watcher.js';
import { RefusedError } from './http-client.js';
import type { SeededKey } from './seed.js';
import { clockOffset, paced } from './time.js';

const RETRY_AFTER_MS = 1000;

export type Change = { weight: number } | 'revoke';

export interface Pace {
  perSecond: number;
  /** Of one master, changed by one request. */
  perRequest: number;
}

/** Milliseconds, in one round. */
export interface Latencies {
  /** From the commit to Redis. */
  edits: number[];
  revocations: number[];
  /** From the answer to Redis; negative when Redis had it before. */
  fromAnswer: number[];
  requests: number[];
}

/** How a side is asked for changes, and when they were made: no earlier than that, so no latency looks shorter than it is. */
interface Manner {
  /** Of the last statement before COMMIT. */
  changedAt: string;
  send: (served: Served, keys: SeededKey[], change: Change) => Promise<unknown>;
}

export const OURS: Manner = {
  changedAt: `
    SELECT ref, extract(epoch FROM changed_at) * 1000 AS at FROM sync_resource WHERE kind = 'key' AND ref = ANY ($1)`,
  send: ({ http }, keys, change) => {
    const [{ master_id, id }] = keys as [SeededKey];
    const path = `/admin/masters/${master_id}/keys`;
    if (change === 'revoke') return http.call('POST', `${path}/${id}/revoke`);
    if (keys.length === 1) return http.call('PATCH', `${path}/${id}`, change);
    return http.call('POST', `${path}/batch`, { update: keys.map((key) => ({ id: key.id, ...change })) });
  },
};

export const ORIGINAL: Manner = {
  changedAt: `
    SELECT s.token_hash AS ref, extract(epoch FROM k.updated_at) * 1000 AS at
      FROM key_secrets s JOIN keys k ON k.id = s.key_id WHERE s.token_hash = ANY ($1)`,
  send: ({ http }, keys, change) => {
    const body = change === 'revoke' ? { status: 'revoked' } : change;
    return Promise.all(keys.map(({ id }) => http.call('PATCH', `/keys/${id}`, body)));
  },
};

interface Seen {
  key: SeededKey;
  isRevoked: boolean;
  sentAt: number;
  answeredAt: number;
  visibleAt: number;
}

/** One of those that are compared. */
export class Side {
  /** Requests that were answered 503, so far. */
  refusals = 0;
  private readonly watcher: FieldWatcher;

  constructor(
    private readonly arena: Arena,
    private readonly served: Served,
    private readonly manner: Manner,
  ) {
    this.watcher = new FieldWatcher(arena.redis);
  }

  /** Begins changes on schedule, however slow the answers are. Each has a key of its own, so that none can hide behind a later one. */
  async round(keys: SeededKey[], { perSecond, perRequest }: Pace, changeOf: (i: number) => Change): Promise<Latencies> {
    const seen: Seen[] = [];
    await paced(perSecond / perRequest, keys.length / perRequest, async (i) => {
      const changed = keys.slice(i * perRequest, (i + 1) * perRequest);
      seen.push(...(await this.change(changed, changeOf(i))));
    });
    const commits = await this.commitsOf(seen);
    const fromCommit = (some: Seen[]): number[] =>
      some.map(({ key, visibleAt }) => visibleAt - commits.get(key.token_hash)!);
    return {
      edits: fromCommit(seen.filter(({ isRevoked }) => !isRevoked)),
      revocations: fromCommit(seen.filter(({ isRevoked }) => isRevoked)),
      fromAnswer: seen.map(({ visibleAt, answeredAt }) => visibleAt - answeredAt),
      requests: seen.map(({ answeredAt, sentAt }) => answeredAt - sentAt),
    };
  }

  private async change(keys: SeededKey[], change: Change): Promise<Seen[]> {
    const sentAt = performance.now();
    const answer = this.insist(keys, change).then(() => performance.now());
    const isRevoked = change === 'revoke';
    const [field, value] = isRevoked ? (['status', 'revoked'] as const) : (['weight', String(change.weight)] as const);
    const visible = keys.map(({ token_hash }) => this.watcher.sees(redisKeys.token(token_hash), field, value));
    const [answeredAt, ...visibleAt] = await Promise.all([answer, ...visible]);
    return keys.map((key, i) => ({ key, isRevoked, sentAt, answeredAt, visibleAt: visibleAt[i]! }));
  }

  /** Who is told to come back does so: a server that can't keep up says so after some seconds. */
  private async insist(keys: SeededKey[], change: Change): Promise<void> {
    for (;;) {
      try {
        await this.manner.send(this.served, keys, change);
        return;
      } catch (error) {
        if (!(error instanceof RefusedError) || error.status !== 503) throw error;
        this.refusals += 1;
        await sleep(RETRY_AFTER_MS);
      }
    }
  }

  private async commitsOf(seen: Seen[]): Promise<Map<string, number>> {
    const offset = await clockOffset(this.arena.pool);
    const hashes = seen.map(({ key }) => key.token_hash);
    const { rows } = await this.arena.pool.query<{ ref: string; at: string }>(this.manner.changedAt, [hashes]);
    return new Map(rows.map(({ ref, at }) => [ref, Number(at) - offset]));
  }
}
