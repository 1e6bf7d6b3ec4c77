import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { masterRecord, modelsMeta, revokedTokenRecord, tokenRecord } from '../../src/contract/hash-records.js';
import { resolveCandidate } from '../../src/contract/selector.js';
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
} from '../../src/contract/snapshots.js';
import { encodeRefreshHint } from '../../src/contract/sync-records.js';
import { hashToken } from '../../src/contract/token.js';

/*
 * A golden file is a value exactly as Redis holds it, or the answer to HGETALL as one JSON object.
 * Deployed balancers read these bytes: a file may be added, an optional field may be added at the end of one,
 * and nothing that is there may change.
 */
const GOLDEN = new URL('golden/', import.meta.url);

const PROVIDER: ProviderSnapshot = {
  id: 42,
  name: 'pg1#42',
  type: 'vertex-express',
  base_url: '',
  api_key: 'sk-123',
  google_project: 'proj-1',
  google_location: 'global',
  group_id: 7,
  group: 'default',
  models: ['gemini-3-pro-preview'],
  status: 'active',
  auto_ban: true,
};

const KEY: KeySnapshot = {
  id: 9,
  token_hash: hashToken('sk-123'),
  group: 'default',
  status: 'active',
  weight: 1,
  balance: 12.5,
};

const FULL_KEY: KeySnapshot = {
  ...KEY,
  group: 'vip',
  status: 'suspended',
  weight: 3,
  balance: 0.000001,
  master_id: 5,
  epoch: 2,
  scopes: ['chat:*', 'embeddings:*'],
  namespaces: ['lab', 'team'],
  default_namespace: 'team',
  model_limits_enabled: true,
  model_limits: ['team.gpt-4o', 'team.gpt-4.1'],
  allow_ips: ['203.0.113.7', '2001:db8::/32'],
  deny_ips: ['203.0.113.8'],
  expires_at: 1767225600,
  quota_limit: 500000,
  quota_period: '2025-12',
};

const MODEL: ModelSnapshot = {
  name: 'ns.m',
  kind: 'chat',
  context_window: 128000,
  cost_per_token: 0.000002,
  supports_vision: true,
  supports_functions: true,
  supports_tool_choice: true,
  supports_fim: true,
  supports_stream: true,
  max_output_tokens: 8192,
};

const EMBEDDING: ModelSnapshot = { name: 'lab.embed-3', kind: 'embedding', context_window: 8191, cost_per_token: 2e-8 };

const ROW = {
  group_id: 7,
  route_group: 'default',
  weight: 1,
  selector_type: 'exact',
  selector_value: 'gpt-4o',
  status: 'active',
} as const;

const BINDING: BindingSnapshot = {
  namespace: 'ns',
  public_model: 'm',
  status: 'active',
  updated_at: 1734464000,
  candidates: [resolveCandidate({ ...ROW, publicModel: 'm', groupModels: ['gpt-4o'], usableProviderIds: [42] })],
};

const MANY_CANDIDATES: BindingSnapshot = {
  ...BINDING,
  public_model: 'gpt-4.1',
  candidates: [
    resolveCandidate({
      ...ROW,
      selector_type: 'regex',
      selector_value: '^gpt-4\\.1$',
      publicModel: 'gpt-4.1',
      groupModels: ['gpt-4.1', 'gpt-4.1-mini'],
      usableProviderIds: [43, 9, 42],
    }),
    resolveCandidate({
      ...ROW,
      group_id: 8,
      route_group: 'vip',
      selector_type: 'normalize_exact',
      selector_value: '',
      publicModel: 'gpt-4.1',
      groupModels: ['a/gpt-4.1', 'b/gpt-4.1'],
      usableProviderIds: [50],
    }),
    resolveCandidate({ ...ROW, group_id: 9, publicModel: 'gpt-4.1', groupModels: [], usableProviderIds: [] }),
  ],
};

const MASTER = {
  status: 'active',
  epoch: 2,
  group: 'vip',
  global_qps: 20,
  max_child_keys: 0,
  namespaces: ['lab', 'team'],
  default_namespace: 'team',
} as const;

const STORED: Record<string, () => string> = {
  'provider.json': () => encodeProvider(PROVIDER),
  'provider-banned.json': () =>
    encodeProvider({ ...PROVIDER, status: 'auto_disabled', weight: 2, ban_until: 1734467600 }),
  'provider-openai.json': () =>
    encodeProvider({
      ...PROVIDER,
      type: 'openai',
      base_url: 'https://api.openai.com/v1',
      google_project: '',
      google_location: '',
      models: ['gpt-4o', 'модель'],
      auto_ban: false,
      weight: 1,
    }),
  'key.json': () => encodeKey(KEY),
  'key-full.json': () => encodeKey(FULL_KEY),
  'model.json': () => encodeModel(MODEL),
  'model-embedding.json': () => encodeModel(EMBEDDING),
  'binding.json': () => encodeBinding(BINDING),
  'binding-many.json': () => encodeBinding(MANY_CANDIDATES),
  'namespace.json': () => encodeNamespace({ name: 'team', status: 'active', description: 'Команда "A" <a@b>' }),
  'namespace-plain.json': () => encodeNamespace({ name: 'lab', status: 'disabled', description: '' }),
  'feature.json': () => encodeFeature({ enabled: true, share: 0.25, only: ['team'] }),
  'refresh-hint.json': () =>
    encodeRefreshHint({ resource: 'key', version: '2.17', active_key: 'config:keys', timestamp: 1734464000 }),
  'auth-token.json': () => JSON.stringify(tokenRecord(KEY, '17')),
  'auth-token-full.json': () => JSON.stringify(tokenRecord(FULL_KEY, '17')),
  'auth-token-revoked.json': () => JSON.stringify(revokedTokenRecord('18')),
  'auth-master.json': () => JSON.stringify(masterRecord({ ...MASTER, namespaces: [...MASTER.namespaces] }, '17')),
  'models-meta.json': () =>
    JSON.stringify(
      modelsMeta({
        version: '17',
        updated_at: 1734464000,
        source: 'registry',
        upstream_url: 'https://example.com/models.json',
        upstream_ref: '5f2c1d0',
        models: new Map([MODEL, EMBEDDING].map((model) => [model.name, encodeModel(model)])),
      }),
    ),
};

describe('what Redis holds', () => {
  it.each(Object.keys(STORED))('%s has not changed by a byte', (file) => {
    expect(Buffer.from(STORED[file]!())).toEqual(readFileSync(new URL(file, GOLDEN)));
  });

  it('is golden in every file of the folder', () => {
    expect(readdirSync(GOLDEN).toSorted()).toEqual(Object.keys(STORED).toSorted());
  });
});
