import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { redisKeys } from '../../src/contract/redis-keys.js';
import { actualImage, desiredImage, type RedisImage } from '../support/image.js';
import { hashOfKey, openRoad, revoke, type Road } from './road.js';

const KEYS = 400;

describe('a full snapshot', () => {
  let road: Road;

  beforeAll(async () => {
    road = await openRoad(KEYS);
  });
  afterAll(() => road.close());
  beforeEach(async () => void (await road.redis.flushdb()));

  const statusOf = (n: number) => road.redis.hget(redisKeys.token(hashOfKey(n)), 'status');
  const held = (): Promise<RedisImage> => actualImage(road.redis);
  const wanted = (): Promise<RedisImage> => desiredImage(road.dsn);

  /** Runs `act` once, between the page with that number and the next. */
  function afterPage(page: number, act: () => Promise<void>) {
    let pages = 0;
    let acting: Promise<void> | undefined;
    return {
      hasNews: () => {
        pages++;
        if (pages === page) acting = act();
        // News again and again, so that what is committed meanwhile is met wherever it falls.
        return pages >= page;
      },
      done: () => acting,
    };
  }

  it('fills an empty Redis, keeps nothing of its scaffolding, and lets nothing expire', async () => {
    await road.snapshot();
    expect(await held()).toEqual(await wanted());
    expect((await road.redis.keys('*')).filter((name) => name.includes('stage'))).toEqual([]);
    expect(await road.redis.ttl(redisKeys.keys)).toBe(-1);
    expect(await road.redis.hlen(redisKeys.keys)).toBe(KEYS);
  });

  it('contains what is committed between two of its pages, before and behind it', async () => {
    const between = afterPage(4, async () => {
      await revoke(road, 10);
      await revoke(road, KEYS - 10);
    });
    const head = await road.snapshot({ hasNews: between.hasNews });
    expect(head.version).toBe((await road.head()).version);
    expect([await statusOf(10), await statusOf(KEYS - 10)]).toEqual(['revoked', 'revoked']);
    expect(await held()).toEqual(await wanted());
  });

  it('takes a token away at once that it had written already, though nothing is live yet', async () => {
    const seen: (string | null)[] = [];
    let pages = 0;
    await road.snapshot({
      hasNews: () => {
        pages++;
        if (pages === 5) void revoke(road, 11);
        if (pages > 5) void statusOf(11).then((status) => seen.push(status));
        return true;
      },
    });
    expect(seen.slice(-2)).toEqual(['revoked', 'revoked']);
    expect(await held()).toEqual(await wanted());
  });

  it('lets what is live follow commits while it runs', async () => {
    await road.snapshot();
    const versions: string[] = [];
    const between = afterPage(3, () => revoke(road, 12));
    await road.snapshot({
      before: 'following',
      hasNews: () => {
        void road.redis.hget(redisKeys.marker, 'version').then((version) => versions.push(version!));
        return between.hasNews();
      },
    });
    expect(versions.at(-1)).toBe((await road.head()).version);
    expect(await held()).toEqual(await wanted());
  });

  it.each([
    ['its stage is deleted', `{${redisKeys.keys}}:stage:*`],
    ['the receipt of its stage is deleted', `{${redisKeys.keys}}:stage-seq:*`],
    ['everything is deleted', '*'],
  ])('does nothing when %s in the middle', async (_what, pattern) => {
    await road.snapshot();
    const before = await road.redis.hgetall(redisKeys.marker);
    const between = afterPage(11, async () => void (await road.redis.del(...(await road.redis.keys(pattern)))));
    await expect(road.snapshot({ hasNews: between.hasNews })).rejects.toThrow(/is gone/);
    if (pattern !== '*') expect(await road.redis.hgetall(redisKeys.marker)).toMatchObject({ version: before.version });
    expect(await road.redis.exists(redisKeys.keys)).toBe(pattern === '*' ? 0 : 1);
    await road.snapshot();
    expect(await held()).toEqual(await wanted());
  });

  it('is given up when another generation begins, or another term', async () => {
    await road.snapshot();
    const generation = afterPage(5, () => road.commit('UPDATE sync_head SET gen = gen + 1', 'master', ['1']));
    await expect(road.snapshot({ hasNews: generation.hasNews })).rejects.toThrow(/generation/);
    await road.snapshot();
    const term = afterPage(5, async () => void (await road.redis.hset(redisKeys.marker, 'fence', '9')));
    await expect(road.snapshot({ hasNews: term.hasNews })).rejects.toThrow(/fenced/);
    expect(await held()).toEqual(await wanted());
  });

  it('leaves nothing behind for long when it is stopped', async () => {
    const stopping = new AbortController();
    const between = afterPage(5, () => Promise.resolve(stopping.abort(new Error('stopping'))));
    await expect(road.snapshot({ hasNews: between.hasNews, signal: stopping.signal })).rejects.toThrow('stopping');
    expect(await road.redis.exists(redisKeys.keys, redisKeys.marker)).toBe(0);
    for (const name of await road.redis.keys('*stage*')) expect(await road.redis.ttl(name)).toBeGreaterThan(0);
  });

  it('never lets a reader see a secret again that it saw taken away', async () => {
    await road.snapshot();
    const over = new AbortController();
    const goneAt = new Map<number, string>();
    const revived: string[] = [];
    const watched = Array.from({ length: 40 }, (_, i) => 100 + i * 5);
    const reader = (async () => {
      while (!over.signal.aborted) {
        for (const n of watched) {
          const [status, ver] = await road.redis.hmget(redisKeys.token(hashOfKey(n)), 'status', 'ver');
          const isListed = await road.redis.hexists(redisKeys.keys, hashOfKey(n));
          const before = goneAt.get(n);
          if (status === 'revoked') goneAt.set(n, ver!);
          if (before && (status !== 'revoked' || isListed)) revived.push(`${n}: ${before} then ${ver} ${status}`);
        }
      }
    })();
    const writer = (async () => {
      for (const n of watched) {
        await revoke(road, n);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const written = new AbortController();
    void writer.then(() => written.abort());
    while (!written.signal.aborted) await road.snapshot({ before: 'following', hasNews: () => true });
    over.abort();
    await reader;
    expect(revived).toEqual([]);
    await road.snapshot();
    expect(await Promise.all(watched.map(statusOf))).toEqual(watched.map(() => 'revoked'));
    expect(await held()).toEqual(await wanted());
  });

  it('keeps tokens of a lost history out, though they are newer than anything that is known here', async () => {
    await road.snapshot();
    await road.redis.hset(redisKeys.token(hashOfKey(13)), { status: 'suspended', ver: '999999', gen: '1' });
    await road.commit('UPDATE sync_head SET gen = gen + 1', 'master', ['1']);
    await road.snapshot();
    expect(await statusOf(13)).toBe('active');
    expect(await held()).toEqual(await wanted());
  });
});
