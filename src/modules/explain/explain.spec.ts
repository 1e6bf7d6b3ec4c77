import { describe, expect, it } from '@jest/globals';
import type { ResolvedBinding } from '../bindings/bindings.service.js';
import { checksOf, reasonAgainst, verdictOf, type Situation } from './explain.js';
import type { KeyFacts } from './explain.facts.js';

const aKey = (fields: Partial<KeyFacts> = {}): KeyFacts => ({
  id: 9,
  name: 'laptop',
  hint: 'ezk_…abcd',
  status: 'active',
  is_secret_revoked: false,
  is_expired: false,
  is_exhausted: false,
  route_group: 'default',
  namespaces: ['default'],
  default_namespace: 'default',
  model_limits_enabled: false,
  model_limits: [],
  allow_ips: [],
  deny_ips: [],
  master_id: 3,
  master_name: 'acme',
  master_status: 'active',
  ...fields,
});

const aBinding = (fields: Partial<ResolvedBinding> = {}): ResolvedBinding => ({
  id: 1,
  version: '1',
  created_at: new Date(),
  updated_at: new Date(),
  namespace: 'default',
  public_model: 'gpt-4o',
  group_id: 7,
  route_group: 'default',
  weight: 1,
  selector_type: 'exact',
  selector_value: '',
  status: 'active',
  resolution: { error: null, error_detail: null, upstream_model: 'gpt-4o', provider_ids: [4], warnings: [] },
  ...fields,
});

const aSituation = (fields: Partial<Situation> = {}): Situation => ({
  key: aKey(),
  model: 'gpt-4o',
  ref: { namespace: 'default', public_model: 'gpt-4o' },
  namespace: 'active',
  bindings: [aBinding()],
  ...fields,
});

function sentenceOf(situation: Situation): string {
  const { route_group } = situation.key;
  const open = situation.bindings.filter((binding) => reasonAgainst(binding, route_group) === undefined);
  return verdictOf(checksOf(situation), open).sentence;
}

describe('what a balancer would decide', () => {
  it('is to serve, and where', () => {
    expect(sentenceOf(aSituation())).toBe('Served: the request goes to "gpt-4o" at provider group 7 (1 API key).');
  });

  it.each([
    ['a revoked secret', { is_secret_revoked: true }, 'This secret of the key was revoked or replaced.'],
    ['a revoked key', { status: 'revoked' as const, is_exhausted: true }, 'The key is revoked.'],
    ['a suspended key', { status: 'suspended' as const, is_exhausted: true }, 'The key is suspended.'],
    ['a suspended master', { master_status: 'suspended' as const }, 'The master "acme" is suspended.'],
    ['a spent quota', { is_exhausted: true }, "The key's quota is used up."],
    ['an expiry', { is_expired: true }, 'The key, or this secret of it, has expired.'],
    ['a namespace of others', { namespaces: ['other'] }, 'The key may not use the namespace "default".'],
    [
      'a limit to other models',
      { model_limits_enabled: true, model_limits: ['o3'] },
      '"gpt-4o" is not among the models that the key is limited to.',
    ],
    [
      'another route group',
      { route_group: 'vip' },
      'None serves the route group "vip" (binding 1: It is for the route group "default").',
    ],
  ])('is to refuse for %s', (_what, fields, reason) => {
    expect(sentenceOf(aSituation({ key: aKey(fields) }))).toBe(`Refused: ${reason}`);
  });

  it.each(['gpt-4o', 'default.gpt-4o'])('is to serve a key that is limited to %s', (model) => {
    const key = aKey({ model_limits_enabled: true, model_limits: [model] });
    expect(sentenceOf(aSituation({ key }))).toMatch(/^Served/);
  });

  it.each([
    ['a namespace that does not exist', { namespace: undefined }, 'The namespace "default" does not exist.'],
    ['a disabled namespace', { namespace: 'disabled' as const }, 'The namespace "default" is disabled.'],
    ['a name without bindings', { bindings: [] }, 'Nothing is bound to "default.gpt-4o".'],
    [
      'a disabled binding',
      { bindings: [aBinding({ status: 'disabled' })] },
      'None serves the route group "default" (binding 1: The binding is disabled).',
    ],
    [
      'a bare name without a default',
      { ref: undefined },
      '"gpt-4o" names no namespace, and key 9 has no default namespace.',
    ],
    [
      'a name that ends at its dot',
      { ref: undefined, model: 'gpt.' },
      '"gpt." has nothing before or behind its first dot.',
    ],
  ])('is to refuse %s', (_what, fields, reason) => {
    expect(sentenceOf(aSituation(fields))).toBe(`Refused: ${reason}`);
  });

  it('depends on the address where the key restricts it', () => {
    const key = aKey({ allow_ips: ['192.0.2.0/24'], deny_ips: ['192.0.2.66'] });
    expect(sentenceOf(aSituation({ key, ip: '192.0.2.1' }))).toMatch(/^Served: the/);
    expect(sentenceOf(aSituation({ key, ip: '192.0.2.66' }))).toBe('Refused: The key denies the address 192.0.2.66.');
    expect(sentenceOf(aSituation({ key, ip: '8.8.8.8' }))).toBe('Refused: The key does not allow the address 8.8.8.8.');
    expect(sentenceOf(aSituation({ key }))).toMatch(/^Served: if its address is allowed/);
  });

  it('names every check, in the order in which they decide', () => {
    const checks = checksOf(aSituation({ key: aKey({ status: 'suspended' }), bindings: [] }));
    expect(checks.flatMap(({ name, outcome }) => (outcome === 'failed' ? name : []))).toEqual([
      'status',
      'binding',
      'candidates',
    ]);
  });
});
