import { describe, expect, it } from '@jest/globals';
import { keyImage, keySnapshot, type KeyFacts } from './key.projection.js';

const HASH = 'ab'.repeat(32);

const aKey = (facts: Partial<KeyFacts> = {}): KeyFacts => ({
  token_hash: HASH,
  is_secret_revoked: false,
  expires_at: null,
  id: 9,
  master_id: 5,
  group: '',
  status: 'active',
  weight: 1,
  balance: 12.5,
  scopes: [],
  namespaces: [],
  default_namespace: '',
  model_limits_enabled: false,
  model_limits: [],
  allow_ips: [],
  deny_ips: [],
  quota_limit: null,
  quota_used: 0,
  quota_reset_type: 'none',
  quota_timezone: 'UTC',
  quota_period_start: Date.UTC(2025, 11) / 1000,
  master_status: 'active',
  master_epoch: 2,
  master_group: 'vip',
  master_namespaces: ['lab', 'team'],
  master_default_namespace: 'team',
  ...facts,
});

const statusOf = (facts: Partial<KeyFacts>): string => keySnapshot(aKey(facts)).status;

describe('a key in Redis', () => {
  it('has what it does not say itself from its master', () => {
    expect(keySnapshot(aKey())).toMatchObject({
      group: 'vip',
      namespaces: ['lab', 'team'],
      default_namespace: 'team',
      epoch: 2,
      master_id: 5,
    });
  });

  it('says itself what it has', () => {
    const own = { group: 'batch', namespaces: ['lab'], default_namespace: 'lab' };
    expect(keySnapshot(aKey(own))).toMatchObject(own);
  });

  it('is in the default group when neither it nor its master names one', () => {
    expect(keySnapshot(aKey({ group: ' ', master_group: ' ' })).group).toBe('default');
  });

  it('has no default namespace when its master’s is none of its own', () => {
    expect(keySnapshot(aKey({ namespaces: ['lab'] })).default_namespace).toBe('');
  });

  it('shows the reason that cannot be undone first', () => {
    const spent = { quota_limit: 10, quota_used: 10 };
    expect(statusOf(spent)).toBe('exhausted');
    expect(statusOf({ ...spent, status: 'suspended' })).toBe('suspended');
    expect(statusOf({ ...spent, master_status: 'suspended' })).toBe('suspended');
    expect(statusOf({ ...spent, master_status: 'suspended', status: 'revoked' })).toBe('revoked');
  });

  it('is spent by a limit of nothing, and never without a limit', () => {
    expect(statusOf({ quota_limit: 0 })).toBe('exhausted');
    expect(statusOf({ quota_limit: null, quota_used: 1_000_000 })).toBe('active');
    expect(statusOf({ quota_limit: 10, quota_used: 9 })).toBe('active');
  });

  it('names a quota period only where there is a limit', () => {
    const monthly = { quota_reset_type: 'monthly' } as const;
    expect(keySnapshot(aKey({ ...monthly, quota_limit: 10 })).quota_period).toBe('2025-12');
    expect(keySnapshot(aKey(monthly)).quota_period).toBeUndefined();
  });

  it('is a tombstone when its secret was revoked or deleted', () => {
    for (const facts of [null, aKey({ is_secret_revoked: true })]) {
      expect(keyImage(facts, '17')).toMatchObject({ field: undefined, record: { status: 'revoked', ver: '17' } });
    }
  });

  it('stays listed when the key was revoked, and says so in both places', () => {
    const { field, record } = keyImage(aKey({ status: 'revoked' }), '17');
    expect([JSON.parse(field!).status, record.status]).toEqual(['revoked', 'revoked']);
  });

  it('is stored under the hash of its secret, which the record does not repeat', () => {
    const { field, record } = keyImage(aKey(), '17');
    expect(JSON.parse(field!).token_hash).toBe(HASH);
    expect(JSON.stringify(record)).not.toContain(HASH);
  });
});
