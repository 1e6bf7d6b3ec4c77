import { expect, it } from '@jest/globals';
import { AckStore } from '../../src/sync/data-planes/ack-store.js';
import { Register } from '../../src/sync/data-planes/register.js';
import { claimRedisDb } from '../support/redis.js';

it('data planes that died are forgotten after a minute, however many are registered', async () => {
  // Its own time, and a register that nobody else walks.
  const redis = await claimRedisDb();
  const register = new Register(new AckStore(redis.client));
  const walk = async (now: number): Promise<string[]> => {
    const living: string[] = [];
    for await (const nodes of register.walk(now)) living.push(...nodes.map(({ node }) => node));
    return living;
  };
  await redis.client.sadd('dp:nodes', 'alive', ...Array.from({ length: 5_000 }, (_, i) => `dead-${i}`));
  await redis.client.hset('dp:ack:alive', { gen: '1', version: '1', state: 'ok' });
  expect(await walk(0)).toEqual(['alive']);
  await walk(59_000);
  expect(await redis.client.scard('dp:nodes')).toBe(5_001);
  await walk(61_000);
  expect(await redis.client.smembers('dp:nodes')).toEqual(['alive']);
  await redis.close();
});
