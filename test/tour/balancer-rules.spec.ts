import { describe, expect, it } from '@jest/globals';

import { candidatesFor, readModelName, refusalOf } from '../../bin/lib/tour/balancer-rules.mjs';

const REQUEST = { address: '192.0.2.1', now: 1_000_000 };
const TOKEN = {
  status: 'active',
  group: 'default',
  namespaces: 'default,gpt-4',
  default_namespace: 'default',
};
const MASTER = { status: 'active' };

describe('a balancer', () => {
  it.each<[Record<string, string>, string | undefined]>([
    [{}, undefined],
    [{ status: 'revoked' }, 'key is revoked'],
    [{ expires_at: '1000' }, 'key is expired'],
    [{ expires_at: '1001' }, undefined],
    [{ allow_ips: '192.0.2.0/24' }, undefined],
    [{ allow_ips: '192.0.2.2,2001:db8::/32' }, '192.0.2.1 is not allowed'],
    [{ deny_ips: '192.0.2.1' }, '192.0.2.1 is denied'],
  ])('judges a key with %j', (fields, refusal) => {
    expect(refusalOf({ ...TOKEN, ...fields }, MASTER, REQUEST)).toBe(refusal);
  });

  it('refuses what it does not find', () => {
    expect(refusalOf({}, {}, REQUEST)).toBe('unknown key');
    expect(refusalOf(TOKEN, {}, REQUEST)).toBe('master is unknown');
  });

  it.each([
    ['gpt-4o', { field: 'default.gpt-4o' }],
    ['default.gpt-4.1', { field: 'default.gpt-4.1' }],
    ['gpt-4.1', { field: 'gpt-4.1' }],
    ['other.gpt-4o', { refused: "namespace other is not the key's" }],
    ['.gpt-4o', { refused: '.gpt-4o has no namespace' }],
  ])('reads the model name %s up to its first dot', (name, reading) => {
    expect(readModelName(TOKEN, name)).toEqual(reading);
  });

  it.each([
    ['gpt-4o', 'gpt-4o', true],
    ['gpt-4o', 'default.gpt-4o', true],
    ['gpt-4.1', 'gpt-4.1', true],
    ['gpt-4o', '', false],
  ])('lets a limited key have %s if it lists "%s": %s', (name, model_limits, isAllowed) => {
    expect('field' in readModelName({ ...TOKEN, model_limits_enabled: 'true', model_limits }, name)).toBe(isAllowed);
  });

  it('chooses among active candidates of the route group that resolved', () => {
    const good = { status: 'active', route_group: 'vip', weight: 1, upstreams: { '1': 'm' } };
    const candidates = [
      good,
      { ...good, route_group: 'default' },
      { ...good, status: 'disabled' },
      { ...good, upstreams: undefined },
    ];
    expect(candidatesFor({ status: 'active', candidates }, 'vip')).toEqual([good]);
    expect(candidatesFor({ status: 'disabled', candidates }, 'vip')).toEqual([]);
  });
});
