import { describe, expect, it } from '@jest/globals';
import type { BindingSnapshot } from '../../contract/snapshots.js';
import { bindingPayload, type BindingFacts, type BindingsFacts } from './binding.projection.js';

const aRow = (facts: Partial<BindingFacts> = {}): BindingFacts => ({
  group_id: 7,
  route_group: 'default',
  weight: 1,
  selector_type: 'exact',
  selector_value: '',
  status: 'active',
  models: ['gpt-4o'],
  usable: [42],
  ...facts,
});

const binding = (rows: BindingFacts[], facts: Partial<BindingsFacts> = {}): BindingSnapshot =>
  JSON.parse(
    bindingPayload({
      namespace: 'team',
      public_model: 'gpt-4o',
      namespace_status: 'active',
      changed_at: 1734464000,
      rows,
      ...facts,
    }),
  ) as BindingSnapshot;

describe('a binding in Redis', () => {
  it('has one candidate for each row, in an order of its own', () => {
    const rows = [aRow({ group_id: 10 }), aRow({ route_group: 'vip' }), aRow()];
    expect(binding(rows).candidates.map(({ group_id, route_group }) => [group_id, route_group])).toEqual([
      [7, 'default'],
      [7, 'vip'],
      [10, 'default'],
    ]);
    expect(binding(rows)).toEqual(binding(rows.toReversed()));
  });

  it('is active as long as one row is, in an active namespace', () => {
    const [on, off] = [aRow(), aRow({ group_id: 8, status: 'disabled' })];
    expect(binding([on, off]).status).toBe('active');
    expect(binding([off]).status).toBe('disabled');
    expect(binding([on], { namespace_status: 'disabled' }).status).toBe('disabled');
  });

  it('names the upstream model for each provider that can serve', () => {
    expect(binding([aRow({ usable: [43, 42] })]).candidates[0]!.upstreams).toEqual({ 42: 'gpt-4o', 43: 'gpt-4o' });
  });

  it('says why a candidate resolves to nothing', () => {
    const rows = [aRow({ usable: [] }), aRow({ group_id: 8, models: [] })];
    expect(binding(rows).candidates.map(({ error, upstreams }) => [error, upstreams])).toEqual([
      ['no_provider', undefined],
      ['config_error', undefined],
    ]);
  });

  it('takes a blank route group for the default', () => {
    expect(binding([aRow({ route_group: ' ' })]).candidates[0]!.route_group).toBe('default');
  });
});
