import { describe, expect, it } from '@jest/globals';
import * as names from './redis-keys.js';
import { HASH_OF, SYNC_KINDS, bindingField, redisKeys, redisPrefixes } from './redis-keys.js';

describe('redis keys', () => {
  it('spells every name as balancers know it', () => {
    const spelled = Object.values(redisKeys).filter((key) => typeof key === 'string');

    expect(spelled).toEqual([
      'config:providers',
      'config:keys',
      'config:bindings',
      'meta:models',
      'meta:models_meta',
      'meta:features',
      'config:namespaces',
      'config:meta',
      'config:changes',
      'dp:config:refresh',
      'dp:nodes',
      'logs:ingest',
      'usage:ingest',
    ]);
  });

  it.each([
    [redisKeys.token('ab12'), 'auth:token:ab12'],
    [redisKeys.master(7), 'auth:master:7'],
    [redisKeys.ack('bj-1'), 'dp:ack:bj-1'],
    [redisKeys.rtMaster(7, 28907733), 'rt:master:7:28907733'],
    [redisKeys.rtKey(9, 28907733), 'rt:key:9:28907733'],
    [redisKeys.rtMasterQps(7, 1734464000), 'rt:master:7:qps:1734464000'],
    [redisKeys.rtProvider(42, 28907733), 'rt:provider:42:28907733'],
    [redisKeys.quota(9, '2025-01'), 'quota:9:2025-01'],
    [redisKeys.stickySession(0, 'abc'), 'sticky_session:0:abc'],
    [redisKeys.modelLoad(42, 'gpt-4o'), 'ag:model_load:42:gpt-4o'],
    [redisKeys.modelLastUsed(42, 'gpt-4o'), 'ag:model_last_used:42:gpt-4o'],
    [bindingField('team', 'gpt-4.1'), 'team.gpt-4.1'],
  ])('builds %s', (built, known) => {
    expect(built).toBe(known);
  });

  it('has one prefix for each family of whole keys', () => {
    expect(redisPrefixes).toEqual({ token: 'auth:token:', master: 'auth:master:', ack: 'dp:ack:' });
  });

  it('keeps every companion in the slot of the key it accompanies', () => {
    const { versionsOf, markerOf, stageOf, stageVersionsOf, stageSeqOf } = names;
    const companions = [versionsOf, markerOf, stageOf, stageVersionsOf, stageSeqOf].map((nameOf) =>
      nameOf('config:keys', '5f'),
    );

    expect(versionsOf('config:keys')).toBe('{config:keys}:ver');
    expect(markerOf('config:keys')).toBe('{config:keys}:meta');
    expect(companions.map(hashTag)).toEqual(companions.map(() => 'config:keys'));
    expect(new Set(companions).size).toBe(companions.length);
  });

  it('has one hash for each kind that lives in one', () => {
    expect(new Set(Object.values(HASH_OF)).size).toBe(6);
    expect(SYNC_KINDS.filter((kind) => !(kind in HASH_OF))).toEqual(['models_meta', 'master']);
  });

  it('adds what is pointed at before what points at it', () => {
    const pointsAt = [
      ['provider', 'binding'],
      ['model', 'binding'],
      ['binding', 'key'],
      ['master', 'key'],
      ['namespace', 'binding'],
    ] as const;

    for (const [target, source] of pointsAt)
      expect(SYNC_KINDS.indexOf(target)).toBeLessThan(SYNC_KINDS.indexOf(source));
  });
});

/** What Redis Cluster hashes: the text in the first braces, or the whole name. */
const hashTag = (key: string): string => /\{([^}]+)\}/.exec(key)?.[1] ?? key;
