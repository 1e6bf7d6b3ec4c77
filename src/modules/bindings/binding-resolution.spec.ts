import { describe, expect, it } from '@jest/globals';
import type { Binding } from './binding.entity.js';
import { resolutionIn } from './binding-resolution.js';

const aBinding = (fields: Partial<Binding> = {}): Binding => ({
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
  ...fields,
});

describe('what a binding comes to', () => {
  it('is the one model that its selector hits, for every usable API key', () => {
    const found = resolutionIn({ models: ['gpt-4o', 'o3'], usable: [3, 4] }, aBinding());
    expect(found).toEqual({ error: null, error_detail: null, upstream_model: 'gpt-4o', provider_ids: [3, 4] });
  });

  it('is a configuration error when the selector hits several, which the detail names', () => {
    const found = resolutionIn(
      { models: ['gpt-4o', 'gpt-4'], usable: [3] },
      aBinding({ selector_type: 'regex', selector_value: '^gpt' }),
    );
    expect(found).toMatchObject({ error: 'config_error', upstream_model: null });
    expect(found.error_detail).toContain('gpt-4o, gpt-4');
  });

  it('is no provider without a usable API key, whatever the selector hits', () => {
    expect(resolutionIn({ models: ['gpt-4o'], usable: [] }, aBinding())).toMatchObject({
      error: 'no_provider',
      upstream_model: null,
    });
  });
});
