import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connectRedis } from '../../src/redis/redis-client.js';
import { StreamConsumer, type StreamEntry } from '../../src/redis/stream-consumer.js';
import { until } from '../support/launcher.js';
import { claimRedisDb, type TestRedis } from '../support/redis.js';

const STREAM = 'a:stream';
const GROUP = 'readers';

let redis: TestRedis;
let consumers: StreamConsumer[] = [];

beforeAll(async () => {
  redis = await claimRedisDb();
});

beforeEach(() => redis.client.flushdb());

afterEach(async () => {
  await Promise.all(consumers.map((consumer) => consumer.stop(30_000)));
  consumers = [];
});

afterAll(() => redis.close());

const write = (n: number): Promise<unknown> => redis.client.xadd(STREAM, '*', 'n', String(n));

function consume(handle: (numbers: number[]) => Promise<void>): StreamConsumer {
  const connect = () => {
    const [host, port] = redis.addr.split(':');
    const nodes = [{ host: host!, port: Number(port) }];
    return connectRedis({ mode: 'standalone', nodes, password: redis.password, db: redis.db, tls: false }, 'test');
  };
  const spec = {
    stream: STREAM,
    group: GROUP,
    atOnce: 10,
    handle: async (entries: StreamEntry[]) => {
      await handle(entries.map(({ fields }) => Number(fields.n)));
      return entries.length;
    },
  };
  const consumer = new StreamConsumer(connect, spec, () => Promise.resolve(true));
  consumers.push(consumer);
  consumer.start();
  return consumer;
}

const untilEmpty = () => until(async () => (await redis.client.xlen(STREAM)) === 0);

describe('a stream consumer', () => {
  it('hands over what was written before it came and after, and removes what was handled', async () => {
    for (let n = 0; n < 25; n++) await write(n);
    const seen: number[] = [];
    consume((numbers) => Promise.resolve(void seen.push(...numbers)));
    await untilEmpty();
    await write(25);
    await untilEmpty();
    expect(seen).toEqual(Array.from({ length: 26 }, (_, n) => n));
    expect((await redis.client.xpending(STREAM, GROUP))[0]).toBe(0);
  });

  it('hands an entry over again until its handler is done with it', async () => {
    await write(1);
    let tries = 0;
    consume(() => (++tries < 4 ? Promise.reject(new Error('the database is away')) : Promise.resolve()));
    await untilEmpty();
    expect(tries).toBe(4);
  });

  it('takes over what a dead consumer was given', async () => {
    await redis.client.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    await write(7);
    await redis.client.xreadgroup('GROUP', GROUP, 'dead', 'COUNT', 1, 'STREAMS', STREAM, '>');
    const [entry] = await redis.client.xrange(STREAM, '-', '+');
    await redis.client.xclaim(STREAM, GROUP, 'dead', 0, entry![0], 'IDLE', 3_600_000, 'JUSTID');
    const seen: number[] = [];
    consume((numbers) => Promise.resolve(void seen.push(...numbers)));
    await untilEmpty();
    expect(seen).toEqual([7]);
  });

  it('goes on after Redis has lost everything', async () => {
    const seen: number[] = [];
    consume((numbers) => Promise.resolve(void seen.push(...numbers)));
    await write(1);
    await untilEmpty();
    await redis.client.flushdb();
    await write(2);
    await until(() => seen.length === 2);
    expect(seen).toEqual([1, 2]);
  });

  it('shares the work with others, so that each entry is handled once', async () => {
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) consume((numbers) => Promise.resolve(void seen.push(...numbers)));
    for (let n = 0; n < 100; n++) await write(n);
    await untilEmpty();
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  it('finishes what it is at when it is stopped, and leaves no trace in the group', async () => {
    let finish = (): void => undefined;
    let isAtWork = false;
    const consumer = consume(() => {
      isAtWork = true;
      return new Promise((resolve) => (finish = resolve));
    });
    await write(1);
    await until(() => isAtWork);
    const stopped = consumer.stop(30_000);
    finish();
    await stopped;
    expect(await redis.client.xlen(STREAM)).toBe(0);
    expect(await redis.client.xinfo('CONSUMERS', STREAM, GROUP)).toEqual([]);
  });
});
