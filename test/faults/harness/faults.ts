import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { parsePgDsn } from '../../../src/config/pg-dsn.js';
import { redisKeys, versionsOf } from '../../../src/contract/redis-keys.js';
import type { Arena } from './arena.js';
import { now } from './history.js';

/** Something that goes wrong, and what ends it. */
export interface Fault {
  /** Completes "while …". */
  name: string;
  /** @returns what heals it */
  strike(arena: Arena): Promise<() => unknown>;
  /** How long a test of it alone has to last, in milliseconds, where it shows only after a while. */
  forMs?: number;
}

const nothing = (): void => undefined;

export const REDIS_AWAY: readonly Fault[] = [
  {
    name: 'Redis is killed, and comes back empty',
    async strike({ redis }) {
      await redis.kill();
      return () => redis.start();
    },
  },
  {
    name: 'Redis hangs',
    strike({ redis }) {
      redis.signal('SIGSTOP');
      return Promise.resolve(() => redis.signal('SIGCONT'));
    },
  },
  {
    name: 'the network swallows what goes to Redis',
    strike({ toRedis }) {
      toRedis.blackHole('toServer');
      return Promise.resolve(() => toRedis.pass());
    },
  },
  {
    name: 'the network swallows what Redis answers',
    strike({ toRedis }) {
      toRedis.blackHole('toClient');
      return Promise.resolve(() => toRedis.pass());
    },
  },
  {
    name: 'Redis refuses connections',
    async strike({ toRedis }) {
      await toRedis.refuse();
      return () => toRedis.pass();
    },
  },
  {
    name: 'connections to Redis are reset again and again',
    strike: ({ toRedis }) => repeatedly(60, () => toRedis.reset()),
  },
  {
    name: 'Redis is far away',
    strike({ toRedis }) {
      toRedis.delay(120);
      return Promise.resolve(() => toRedis.pass());
    },
  },
  {
    name: 'Redis is reached through a trickle',
    strike({ toRedis }) {
      toRedis.throttle(40_000);
      return Promise.resolve(() => toRedis.pass());
    },
  },
];

export const REDIS_SICK: readonly Fault[] = [
  {
    name: 'Redis is full',
    async strike({ redis: { client } }) {
      await client.config('SET', 'maxmemory', '1');
      return () => client.config('SET', 'maxmemory', '0');
    },
  },
  ...['evalsha', 'eval', 'hset', 'rename', 'xadd', 'publish', 'scan'].map(denying),
  {
    name: 'Redis forgets its scripts again and again',
    strike: ({ redis: { client } }) => repeatedly(5, () => client.script('FLUSH')),
  },
  ...[redisKeys.bindings, versionsOf(redisKeys.keys), redisKeys.changes, redisKeys.marker, redisKeys.modelsMeta].map(
    ofOtherType,
  ),
];

export const REDIS_EMPTIED: readonly Fault[] = [
  {
    name: 'Redis is emptied again and again',
    strike: ({ redis: { client } }) => repeatedly(700, () => client.flushall()),
  },
  {
    name: 'Redis is emptied again and again while snapshots are asked for',
    async strike(arena) {
      const calm = [
        await repeatedly(700, () => arena.redis.client.flushall()),
        await repeatedly(100, () => arena.serving()[0]?.post('/admin/sync/snapshot')),
      ];
      return () => Promise.all(calm.map((end) => end()));
    },
  },
  {
    name: 'snapshots are made one after the other',
    strike: (arena) =>
      repeatedly(10, () => arena.serving()[0]?.post('/admin/sync/snapshot?wait=applied&timeout_ms=5000')),
  },
  {
    name: 'the marker is deleted again and again',
    strike: ({ redis: { client } }) => repeatedly(700, () => client.del(redisKeys.marker)),
  },
];

export const POSTGRES_FAULTS: readonly Fault[] = [
  {
    name: 'PostgreSQL is killed, and comes back',
    async strike({ postgres }) {
      await postgres!.kill();
      return () => postgres!.start();
    },
  },
  {
    name: 'PostgreSQL has no connection left',
    async strike(arena) {
      const taken = await takeConnections(arena.dsn);
      return () => Promise.all(taken.map((client) => client.end().catch(nothing)));
    },
  },
  {
    name: 'the network swallows what goes to PostgreSQL',
    strike({ toPostgres }) {
      toPostgres.blackHole('toServer');
      return Promise.resolve(() => toPostgres.pass());
    },
  },
  {
    name: 'connections to PostgreSQL are reset again and again',
    strike: ({ toPostgres }) => repeatedly(250, () => toPostgres.reset()),
  },
  {
    name: 'somebody holds the row of the head',
    async strike(arena) {
      const client = new pg.Client(parsePgDsn(arena.dsn));
      client.on('error', nothing);
      await client.connect();
      await client.query('BEGIN; SELECT FROM sync_head FOR UPDATE');
      return () => client.end();
    },
    // Longer than anybody waits for a lock.
    forMs: 10_000,
  },
];

function denying(command: string): Fault {
  return {
    name: `Redis denies ${command.toUpperCase()}`,
    async strike({ redis: { client } }) {
      await client.call('ACL', 'SETUSER', 'ez-api', `-${command}`);
      return () => client.call('ACL', 'SETUSER', 'ez-api', `+${command}`);
    },
  };
}

function ofOtherType(key: string): Fault {
  return {
    name: `${key} is of another type`,
    async strike(arena) {
      const hash = /^\{(.+)\}:ver$/.exec(key)?.[1] ?? key;
      arena.history.add({ type: 'damage', at: now(), things: [hash], isUnderWay: true });
      await arena.redis.client.set(key, 'not a hash');
      arena.history.add({ type: 'damage', at: now(), things: [hash] });
      return nothing;
    },
  };
}

/** @returns what ends it */
function repeatedly(pauseMs: number, act: () => unknown): Promise<() => Promise<void>> {
  const over = new AbortController();
  const acting = (async () => {
    while (!over.signal.aborted) {
      await Promise.resolve(act()).catch(nothing);
      await sleep(pauseMs);
    }
  })();
  return Promise.resolve(() => {
    over.abort();
    return acting;
  });
}

/** As many as there are. */
async function takeConnections(dsn: string): Promise<pg.Client[]> {
  const taken: pg.Client[] = [];
  for (;;) {
    const client = new pg.Client(parsePgDsn(dsn));
    client.on('error', nothing);
    const isConnected = await client.connect().then(
      () => true,
      () => false,
    );
    if (!isConnected) return taken;
    taken.push(client);
  }
}
