import { describe, expect, it } from '@jest/globals';
import { dangerOf } from './eviction.js';

const memory = (policy: string, limit: number): string =>
  `# Memory\r\nused_memory:1000\r\nmaxmemory:${limit}\r\nmaxmemory_human:x\r\nmaxmemory_policy:${policy}\r\n`;

describe('a Redis that evicts', () => {
  it.each(['allkeys-lru', 'allkeys-lfu', 'allkeys-random'])('is a danger with %s', (policy) => {
    expect(dangerOf(memory(policy, 1_000_000))).toContain(policy);
  });

  it.each([
    ['noeviction', 1_000_000],
    ['volatile-lru', 1_000_000],
    ['allkeys-lru', 0],
  ])('is none with %s and a limit of %i', (policy, limit) => {
    expect(dangerOf(memory(policy, limit))).toBeNull();
  });
});
