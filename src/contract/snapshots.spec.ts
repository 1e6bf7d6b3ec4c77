import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  encodeBinding,
  encodeFeature,
  encodeKey,
  encodeModel,
  encodeNamespace,
  encodeProvider,
  type BindingSnapshot,
  type KeySnapshot,
  type ModelSnapshot,
  type ProviderSnapshot,
} from './snapshots.js';

const PROVIDER: ProviderSnapshot = {
  id: 42,
  name: 'pg1#42',
  type: 'openai',
  base_url: '',
  api_key: 'sk-123',
  google_project: '',
  google_location: '',
  group_id: 7,
  group: 'default',
  models: [],
  status: 'active',
  auto_ban: false,
};
const KEY: KeySnapshot = { id: 9, token_hash: 'ab', group: 'default', status: 'active', weight: 1, balance: 12.5 };
const MODEL: ModelSnapshot = { name: 'ns.m', kind: 'chat' };
const BINDING: BindingSnapshot = {
  namespace: 'ns',
  public_model: 'm',
  status: 'active',
  updated_at: 1734464000,
  candidates: [],
};

describe('a provider snapshot', () => {
  it('always has the twelve fields that balancers of old know, also when they are empty', () => {
    expect(Object.keys(JSON.parse(encodeProvider(PROVIDER)) as object)).toEqual(Object.keys(PROVIDER));
  });

  it('carries the end of a ban only while there is one', () => {
    expect(encodeProvider(PROVIDER)).not.toContain('ban_until');
    expect(encodeProvider({ ...PROVIDER, ban_until: 1734464000 })).toMatch(/,"ban_until":1734464000\}$/);
  });

  it('tells a weight of 0, which takes no traffic, from no weight', () => {
    expect(encodeProvider({ ...PROVIDER, weight: 0 })).toMatch(/,"weight":0\}$/);
    expect(encodeProvider(PROVIDER)).not.toContain('weight');
  });
});

describe('a key snapshot', () => {
  it('has six fields when nothing else is known', () => {
    const empty = {
      scopes: [],
      namespaces: [],
      default_namespace: '',
      model_limits_enabled: false,
      master_id: 0,
      epoch: 0,
    };

    expect(encodeKey({ ...KEY, ...empty })).toBe(encodeKey(KEY));
    expect(Object.keys(JSON.parse(encodeKey(KEY)) as object)).toEqual(Object.keys(KEY));
  });

  it('keeps a quota of 0, because no quota would let everything through', () => {
    expect(encodeKey({ ...KEY, quota_limit: 0 })).toContain('"quota_limit":0');
    expect(encodeKey(KEY)).not.toContain('quota_limit');
  });

  it.each([0, -86_400])('keeps an expiry at %d an expiry, because 0 reads as never', (expires_at) => {
    expect(encodeKey({ ...KEY, expires_at })).toContain('"expires_at":1');
  });

  it('is limited to no model at all when the limits are on and the list is empty', () => {
    const text = encodeKey({ ...KEY, model_limits_enabled: true, model_limits: [] });

    expect(text).toContain('"model_limits_enabled":true');
    expect(text).not.toContain('"model_limits":');
  });

  it.each(['balance', 'weight', 'quota_limit', 'expires_at', 'epoch'])(
    'is not written with a %s that is no number',
    (field) => {
      expect(() => encodeKey({ ...KEY, [field]: NaN })).toThrow(`${field} is not a number`);
      expect(() => encodeKey({ ...KEY, [field]: Infinity })).toThrow(RangeError);
    },
  );
});

describe('a model snapshot', () => {
  it('leaves out zeros and what is not supported', () => {
    const zeros = { context_window: 0, cost_per_token: 0, max_output_tokens: 0, supports_vision: false };

    expect(encodeModel({ ...MODEL, ...zeros })).toBe('{"name":"ns.m","kind":"chat"}');
  });

  it.each(['context_window', 'cost_per_token', 'max_output_tokens'])('is not written with a negative %s', (field) => {
    expect(() => encodeModel({ ...MODEL, [field]: -1 })).toThrow(`${field} is negative`);
  });

  it('writes small prices as exact JSON numbers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000_000 }), (picodollars) => {
        const cost_per_token = Number(`${picodollars}e-12`);
        const { cost_per_token: read } = JSON.parse(encodeModel({ ...MODEL, cost_per_token })) as ModelSnapshot;
        return read === cost_per_token;
      }),
    );
  });
});

describe('a binding snapshot', () => {
  const candidate = {
    group_id: 7,
    route_group: 'default',
    weight: 1,
    selector_type: 'exact',
    selector_value: '',
    status: 'active',
  } as const;

  it('has a candidate list even when nobody is bound', () => {
    expect(encodeBinding(BINDING)).toMatch(/,"candidates":\[\]\}$/);
  });

  it('keeps an empty selector value, which means the public model', () => {
    expect(encodeBinding({ ...BINDING, candidates: [candidate] })).toContain('"selector_value":""');
  });

  it('has either upstreams or an error', () => {
    const broken = encodeBinding({ ...BINDING, candidates: [{ ...candidate, error: 'no_provider' }] });

    expect(broken).toContain('"error":"no_provider"');
    expect(broken).not.toContain('upstreams');
  });

  it('is not written with a weight that is no number', () => {
    expect(() => encodeBinding({ ...BINDING, candidates: [{ ...candidate, weight: NaN }] })).toThrow(
      'weight is not a number',
    );
  });
});

describe('every encoder', () => {
  const shuffled = <T extends object>(value: T): fc.Arbitrary<T> =>
    fc
      .shuffledSubarray(Object.entries(value), { minLength: Object.keys(value).length })
      .map((entries) => Object.fromEntries(entries) as T);

  it('gives the same bytes in whatever order the fields were set', () => {
    fc.assert(fc.property(shuffled(PROVIDER), (provider) => encodeProvider(provider) === encodeProvider(PROVIDER)));
    fc.assert(fc.property(shuffled(KEY), (key) => encodeKey(key) === encodeKey(KEY)));
    fc.assert(fc.property(shuffled(BINDING), (binding) => encodeBinding(binding) === encodeBinding(BINDING)));
  });

  it('drops fields that the contract does not name', () => {
    const row = { ...PROVIDER, ciphertext: 'planted' };

    expect(encodeProvider(row)).toBe(encodeProvider(PROVIDER));
  });

  it('leaves out what is empty and nothing else', () => {
    fc.assert(
      fc.property(OPTIONAL_KEY_FIELDS, (optional) => {
        const read = JSON.parse(encodeKey({ ...KEY, ...optional })) as Record<string, unknown>;
        const kept = Object.entries(optional).filter(([field, value]) => field === 'quota_limit' || !isEmpty(value));
        expect(read).toEqual({ ...KEY, ...Object.fromEntries(kept) });
      }),
    );
  });

  it('writes text that any JSON reader and any UTF-8 reader takes, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (description) => {
        const text = encodeNamespace({ name: 'ns', status: 'active', description });
        expect(Buffer.from(text).toString()).toBe(text);
        expect(JSON.parse(text)).toEqual({ name: 'ns', status: 'active', ...(description !== '' && { description }) });
      }),
    );
  });
});

describe('a feature', () => {
  it.each([
    [true, 'true'],
    [false, 'false'],
    ['text', '"text"'],
    [12, '12'],
    [{ on: ['a'] }, '{"on":["a"]}'],
    [null, 'null'],
  ])('%j is stored as %s', (value, stored) => {
    expect(encodeFeature(value)).toBe(stored);
  });
});

const names = fc.array(fc.stringMatching(/^[a-z:*]{1,9}$/), { maxLength: 3 });
const OPTIONAL_KEY_FIELDS = fc.record(
  {
    master_id: fc.nat(),
    epoch: fc.nat(),
    scopes: names,
    namespaces: names,
    default_namespace: fc.constantFrom('', 'team'),
    model_limits_enabled: fc.boolean(),
    model_limits: names,
    allow_ips: names,
    deny_ips: names,
    expires_at: fc.integer({ min: 1, max: 4_102_444_800 }),
    quota_limit: fc.nat(),
    quota_period: fc.constantFrom('', '2025-01'),
  },
  { requiredKeys: [] },
);

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : value === '' || value === 0 || value === false;
