import { createHash } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { type BindingPlan, planRoutes } from '../../bin/lib/tour/routes.mjs';
import { planTenants } from '../../bin/lib/tour/tenants.mjs';
import { aToken, aUser } from './export-rows.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function plan(masters: object[], keys: object[], bindings: { namespace: string; route_group: string }[] = []) {
  const notes: string[] = [];
  const file = { source: { exported_at: '2026-06-01T00:00:00Z' }, data: { masters, keys } };
  const { namespaces } = planRoutes(file, () => undefined);
  const routes = { namespaces, bindings: bindings as BindingPlan[] };
  const tenants = planTenants(file, routes, (subject, remark) => notes.push(`${subject}: ${remark}`));
  return { tenants, notes };
}

const keyOf = (fields: object) => plan([aUser()], [aToken(fields)]).tenants[0]!.keys[0]!;

describe('the users of an export', () => {
  it('become masters without the limits that the exporter invents', () => {
    const { tenants } = plan([aUser({ max_child_keys: 10, global_qps: 3, status: 'suspended' })], []);
    expect(tenants[0]!.master).toMatchObject({ max_child_keys: 0, global_qps: 0, status: 'suspended' });
  });

  it('may use the namespace of their group and those of its aliases', () => {
    const aliases = [
      { namespace: 'gpt-4', route_group: 'vip' },
      { namespace: 'gemini-2', route_group: 'default' },
    ];
    const { tenants } = plan([aUser({ group: 'vip' })], [], aliases);
    expect(tenants[0]!.master).toMatchObject({
      group: 'vip',
      namespaces: ['vip', 'gpt-4'],
      default_namespace: 'vip',
    });
  });

  it('may use what their keys may, for New API lets a token have a group of its own', () => {
    const { tenants } = plan([aUser({ group: 'default' })], [aToken({ group: 'vip' })]);
    expect(tenants[0]!.master.namespaces).toEqual(['default', 'vip']);
    expect(tenants[0]!.keys[0]).toMatchObject({ group: 'vip', namespaces: ['vip'], default_namespace: 'vip' });
  });
});

describe('the tokens of an export', () => {
  it('are registered as clients send them, with and without sk-', () => {
    const bare = 'A'.repeat(44) + 'last';
    const secrets = [
      { token_hash: sha256(`sk-${bare}`), hint: 'sk-…last' },
      { token_hash: sha256(bare), hint: '…last' },
    ];
    expect(keyOf({ original_token: bare }).secrets).toEqual(secrets);
    expect(keyOf({ original_token: `sk-${bare}` }).secrets).toEqual(secrets);
  });

  it('show nothing of a short token', () => {
    expect(keyOf({ original_token: 'B' }).secrets.map(({ hint }: { hint: string }) => hint)).toEqual(['sk-…', '…']);
  });

  it.each(['', 'auto', undefined])('inherit everything when their group is %j', (group) => {
    const key = keyOf({ group });
    expect(key.namespaces).toEqual([]);
    expect(key).not.toHaveProperty('group');
    expect(key).not.toHaveProperty('default_namespace');
  });

  it('have no scopes, since New API has none', () => {
    expect(keyOf({})).not.toHaveProperty('scopes');
  });

  it('split allowed addresses where New API does', () => {
    const { allow_ips } = keyOf({ allow_ips: ['10.0.0.1\n192.168.0.0/16\r\n', ' 2001:db8::/32'] });
    expect(allow_ips).toEqual(['10.0.0.1', '192.168.0.0/16', '2001:db8::/32']);
  });

  it('are suspended, not opened to everybody, when none of their addresses can be read', () => {
    expect(keyOf({ allow_ips: ['10.0.0.999'] })).toMatchObject({ status: 'suspended', allow_ips: [] });
    expect(keyOf({ allow_ips: ['10.0.0.0/33\n10.0.0.1'] })).toMatchObject({
      status: 'active',
      allow_ips: ['10.0.0.1'],
    });
  });

  it.each([
    [
      { quota_limit: 300, quota_used: 200 },
      { quota_limit: 500, quota_used: 200 },
    ],
    [
      { quota_limit: -5, quota_used: 5 },
      { quota_limit: 0, quota_used: 5 },
    ],
    [
      { quota_limit: -9, quota_used: 5 },
      { quota_limit: 0, quota_used: 5 },
    ],
  ])('have as quota what is left and what was used: %j', (sent, quota) => {
    expect(keyOf({ unlimited_quota: false, ...sent })).toMatchObject(quota);
  });

  it('without a quota have none', () => {
    expect(keyOf({ unlimited_quota: true, quota_limit: 1 })).not.toHaveProperty('quota_limit');
  });

  it.each([
    [{ status: 'disabled' }, 'suspended'],
    [{ status: 'expired', expires_at: '2026-01-01T00:00:00Z' }, 'active'],
    [{ status: 'expired', expires_at: '2027-01-01T00:00:00Z' }, 'suspended'],
    [{ status: 'exhausted', unlimited_quota: false, quota_limit: 0, quota_used: 7 }, 'active'],
    [{ status: 'exhausted', unlimited_quota: true }, 'suspended'],
    [{ status: 'active', expires_at: '2026-01-01T00:00:00Z' }, 'active'],
  ])('end by their expiry and quota, and are suspended where only a status says so: %j', (sent, status) => {
    expect(keyOf(sent)).toMatchObject({ status });
  });

  it('keep model limits', () => {
    expect(keyOf({ model_limits_enabled: true, model_limits: ['a', 'b', 'a'] })).toMatchObject({
      model_limits_enabled: true,
      model_limits: ['a', 'b'],
    });
  });

  it('are left out, and named, without their text or their user', () => {
    const { tenants, notes } = plan(
      [aUser()],
      [aToken({ master_ref: 'ghost', _original_id: 8 }), aToken({ original_token: '', _original_id: 9 })],
    );
    expect(tenants[0]!.keys).toEqual([]);
    expect(notes).toContain('token-8: ghost is not in the export: left out');
    expect(notes).toContain('token-9: its text is not in the export: left out');
  });
});
