import { describe, expect, it } from '@jest/globals';
import type { ProviderSnapshot } from '../../contract/snapshots.js';
import { providerPayload, type ProviderFacts } from './provider.projection.js';

const anApiKey = (facts: Partial<ProviderFacts> = {}): ProviderFacts => ({
  id: 42,
  weight: 1,
  status: 'active',
  auto_ban: true,
  ban_until: null,
  provider_group_id: 7,
  group_status: 'active',
  group_name: 'pg1',
  group_type: 'openai',
  group_base_url: '',
  group_google_project: '',
  group_google_location: '',
  group_models: [],
  route_group: 'default',
  ...facts,
});

const provider = (facts: Partial<ProviderFacts> = {}): ProviderSnapshot =>
  JSON.parse(providerPayload(anApiKey(facts), 'sk-123')) as ProviderSnapshot;

describe('a provider in Redis', () => {
  it('is one API key, named after its group', () => {
    expect(provider()).toMatchObject({ id: 42, name: 'pg1#42', group_id: 7, api_key: 'sk-123' });
  });

  it('does not serve while its group is disabled, whatever it says itself', () => {
    expect(provider({ group_status: 'disabled' }).status).toBe('disabled');
    expect(provider({ status: 'auto_disabled' }).status).toBe('auto_disabled');
  });

  it('says until when it is banned, in seconds', () => {
    expect(provider({ ban_until: new Date('2026-01-01T00:00:00.900Z') }).ban_until).toBe(1767225600);
    expect(provider()).not.toHaveProperty('ban_until');
  });

  it('has a location where addresses are made of one', () => {
    expect(provider({ group_type: 'vertex' }).google_location).toBe('global');
    expect(provider({ group_type: 'gemini' }).google_location).toBe('');
  });

  it('cannot be of a type that no balancer knows', () => {
    expect(() => provider({ group_type: 'carrier-pigeon' })).toThrow('carrier-pigeon');
  });
});
