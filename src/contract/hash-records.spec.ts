import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { masterRecord, modelsChecksum, modelsMeta, revokedTokenRecord, tokenRecord } from './hash-records.js';
import type { KeySnapshot } from './snapshots.js';

const KEY: KeySnapshot = { id: 9, token_hash: 'ab12', group: 'default', status: 'active', weight: 1, balance: 12.5 };

describe('a token record', () => {
  it('always says status, group, weight, balance and version', () => {
    expect(tokenRecord({ ...KEY, weight: 0, balance: 0 }, '17')).toEqual({
      id: '9',
      status: 'active',
      group: 'default',
      weight: '0',
      balance: '0',
      ver: '17',
    });
  });

  it('says the rest as strings, lists joined by commas', () => {
    const record = tokenRecord(
      {
        ...KEY,
        scopes: ['chat:*', 'logs:read'],
        allow_ips: ['10.0.0.0/8', '::1'],
        model_limits_enabled: true,
        quota_limit: 0,
      },
      '17',
    );

    expect(record).toMatchObject({
      scopes: 'chat:*,logs:read',
      allow_ips: '10.0.0.0/8,::1',
      model_limits_enabled: 'true',
      quota_limit: '0',
    });
  });

  it('does not repeat the token hash, which is its name', () => {
    expect(JSON.stringify(tokenRecord(KEY, '1'))).not.toContain('ab12');
  });

  it('has nothing but non-empty strings, so that HSET takes it as it is', () => {
    const record = tokenRecord({ ...KEY, scopes: [], default_namespace: '', epoch: 0 }, '1');

    expect(Object.values(record).every((value) => typeof value === 'string' && value !== '')).toBe(true);
  });

  it('is refused when an item of a list has a comma, which would read as two items', () => {
    expect(() => tokenRecord({ ...KEY, scopes: ['chat:*,admin:*'] }, '1')).toThrow('scopes has an item');
  });

  it('is refused when a list has an empty item, which would read as no restriction', () => {
    expect(() => tokenRecord({ ...KEY, allow_ips: [''] }, '1')).toThrow('allow_ips has an item');
  });

  it('belongs to the default route group when its own is blank', () => {
    expect(tokenRecord({ ...KEY, group: ' ' }, '1').group).toBe('default');
  });

  it('is refused when a number is none', () => {
    expect(() => tokenRecord({ ...KEY, balance: NaN }, '1')).toThrow('balance is not a number');
  });

  it.each([
    [0.000001, '0.000001'],
    [1e-7, '0.0000001'],
    [1.5e-10, '0.00000000015'],
    [-2.5e-8, '-0.000000025'],
    [1e21, '1000000000000000000000'],
    [999999999.999999, '999999999.999999'],
    [-0.5, '-0.5'],
  ])('writes %d as %s', (balance, text) => {
    expect(tokenRecord({ ...KEY, balance }, '1').balance).toBe(text);
  });

  it('writes every number without an exponent and without losing a digit', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (balance) => {
        const text = tokenRecord({ ...KEY, balance }, '1').balance;
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Number(text) === balance).toBe(true);
      }),
    );
  });
});

describe('the record of a revoked secret', () => {
  it('is complete for a reader that looks at nothing but the four old fields', () => {
    expect(revokedTokenRecord('18')).toEqual({
      status: 'revoked',
      group: 'default',
      weight: '0',
      balance: '0',
      ver: '18',
    });
  });
});

describe('a master record', () => {
  const master = {
    status: 'active',
    epoch: 3,
    group: 'vip',
    global_qps: 0,
    max_child_keys: 0,
    namespaces: ['team', 'lab'],
    default_namespace: 'team',
  } as const;

  it('says everything as strings, and limits that are off as 0', () => {
    expect(masterRecord({ ...master, namespaces: [...master.namespaces] }, '17')).toEqual({
      status: 'active',
      epoch: '3',
      group: 'vip',
      global_qps: '0',
      max_child_keys: '0',
      namespaces: 'team,lab',
      default_namespace: 'team',
      ver: '17',
    });
  });

  it('has no namespaces field when there is none, for splitting nothing at commas gives one empty name', () => {
    const record = masterRecord({ ...master, namespaces: [], default_namespace: '' }, '17');

    expect(record).not.toHaveProperty('namespaces');
    expect(record).not.toHaveProperty('default_namespace');
  });
});

describe('the checksum of the models', () => {
  it('is the SHA-256 of fields and payloads, each ended by a line feed', () => {
    const models = new Map([
      ['b.m', '{"name":"b.m"}'],
      ['a.m', '{"name":"a.m"}'],
    ]);

    expect(modelsChecksum(models)).toBe(sha256('a.m\n{"name":"a.m"}\nb.m\n{"name":"b.m"}\n'));
  });

  it('of no models is the SHA-256 of nothing', () => {
    expect(modelsChecksum(new Map())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('orders fields by their UTF-8 bytes, where JavaScript would not', () => {
    const [wide, astral] = ['\uFF01', '\u{1F600}'] as const;
    const models = new Map([
      [astral, '2'],
      [wide, '1'],
    ]);

    expect([astral, wide].toSorted()).toEqual([astral, wide]);
    expect(modelsChecksum(models)).toBe(sha256(`${wide}\n1\n${astral}\n2\n`));
  });

  it('does not depend on the order in which models arrive', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string()), {
      selector: ([field]) => field,
    });

    fc.assert(
      fc.property(
        entries,
        (models) => modelsChecksum(new Map(models)) === modelsChecksum(new Map(models.toReversed())),
      ),
    );
  });
});

describe('the record of the model list', () => {
  it('says when, from where and which, all as strings', () => {
    const models = new Map([['a.m', '{}']]);

    expect(modelsMeta({ version: '17', updated_at: 1734464000, source: 'database', models })).toEqual({
      version: '17',
      updated_at: '1734464000',
      source: 'database',
      checksum: modelsChecksum(models),
    });
  });
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
