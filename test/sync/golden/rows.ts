import { KeyRing } from '../../../src/common/envelope.js';
import { TEST_ENVIRONMENT } from '../../support/environment.js';

/** A token hash that is easy to recognise. */
export const hashOf = (digit: string): string => digit.repeat(64);

const ring = new KeyRing([TEST_ENVIRONMENT.EZ_ENCRYPTION_KEY]);
const sealed = (id: number): string => ring.seal(`sk-upstream-${id}`, `api_keys:${id}:secret`);

const AT = `'2025-12-17T19:33:20Z'`;

/** One of each thing that can be said to balancers, and every way in which it can be taken back. */
export const ROWS = `
INSERT INTO namespaces (id, name, description, status) VALUES
  (1, 'team', 'Команда "A" <a@b>', 'active'), (2, 'lab', '', 'active'), (3, 'closed', '', 'disabled');

INSERT INTO features (id, name, value) VALUES
  (1, 'flag', 'true'), (2, 'text', '"fast"'), (3, 'number', '12'), (4, 'object', '{"share": 0.25, "only": ["team"]}'), (5, 'nothing', 'null');

INSERT INTO models (id, name, kind, context_window, max_output_tokens, cost_per_token, supports_vision, supports_functions,
                    supports_tool_choice, supports_fim, supports_stream, source, status) VALUES
  (1, 'team.gpt-4o', 'chat', 128000, 8192, 0.000002, true, true, true, true, true, 'registry', 'active'),
  (2, 'embed-3', 'embedding', 8191, 0, 0.00000002, false, false, false, false, false, 'manual', 'active'),
  (3, 'team.retired', 'chat', 0, 0, 0, false, false, false, false, false, 'manual', 'disabled');

INSERT INTO provider_groups (id, name, type, base_url, google_project, google_location, "group", models, status) VALUES
  (1, 'openai-main', 'openai', 'https://api.openai.com/v1', '', '', 'default', '{gpt-4o,gpt-4o-mini,vendor/GPT-4.1}', 'active'),
  (2, 'vertex', 'vertex-express', '', 'proj-1', '', 'vip', '{gemini-3-pro-preview}', 'active'),
  (3, 'off', 'anthropic', '', '', '', 'default', '{claude}', 'disabled'),
  (4, 'empty', 'openai', '', '', '', '  ', '{gpt-4o}', 'active');

INSERT INTO api_keys (id, provider_group_id, name, secret, hint, weight, status, auto_ban, ban_reason, ban_until) VALUES
  (1, 1, 'a', '${sealed(1)}', 'x', 1, 'active', true, '', NULL),
  (2, 1, 'b', '${sealed(2)}', 'x', 5, 'active', false, '', NULL),
  (3, 1, 'c', '${sealed(3)}', 'x', 1, 'auto_disabled', true, '429', '2026-01-01T00:00:00Z'),
  (4, 2, 'd', '${sealed(4)}', 'x', 1, 'active', true, '', NULL),
  (5, 3, 'e', '${sealed(5)}', 'x', 1, 'active', true, '', NULL),
  (6, 4, 'f', '${sealed(6)}', 'x', 1, 'manual_disabled', true, '', NULL);

INSERT INTO bindings (namespace, public_model, group_id, route_group, weight, selector_type, selector_value, status) VALUES
  ('team', 'gpt-4o', 4, 'default', 1, 'exact', '', 'active'),
  ('team', 'gpt-4o', 1, 'vip', 3, 'exact', 'gpt-4o-mini', 'disabled'),
  ('team', 'gpt-4o', 1, 'default', 2, 'exact', '', 'active'),
  ('team', 'gpt-4.1', 1, 'default', 1, 'normalize_exact', '', 'active'),
  ('team', 'any', 1, 'default', 1, 'regex', '^gpt-4o', 'active'),
  ('team', 'any', 2, 'default', 1, 'regex', '^gemini-(\\d)-pro', 'active'),
  ('team', 'off', 3, 'default', 1, 'exact', 'claude', 'active'),
  ('lab', 'paused', 1, 'default', 1, 'exact', 'gpt-4o', 'disabled'),
  ('closed', 'gpt-4o', 1, 'default', 1, 'exact', '', 'active');

INSERT INTO masters (id, name, "group", namespaces, default_namespace, max_child_keys, global_qps, status, epoch,
                     master_key_hash, master_key_hint) VALUES
  (1, 'acme', 'vip', '{lab,team}', 'team', 10, 20, 'active', 2, 'h1', 'x'),
  (2, 'late payer', 'default', '{}', '', 0, 0, 'suspended', 1, 'h2', 'x');

INSERT INTO keys (id, master_id, name, "group", status, weight, balance, scopes, namespaces, default_namespace, model_limits_enabled,
                  model_limits, allow_ips, deny_ips, expires_at, quota_limit, quota_used, quota_reset_type, quota_timezone,
                  quota_period_start) VALUES
  (1, 1, 'plain', '', 'active', 1, 12.5, '{}', '{}', '', false, '{}', '{}', '{}', NULL, NULL, 0, 'none', 'UTC', NULL),
  (2, 1, 'full', 'batch', 'active', 3, 0.000001, '{chat:*,embeddings:*}', '{lab}', 'lab', true, '{lab.gpt-4o}',
   '{203.0.113.7,2001:db8::/32}', '{203.0.113.8}', '2026-01-01T00:00:00Z', 500000, 10, 'monthly', 'Asia/Tokyo',
   '2025-11-30T15:00:00Z'),
  (3, 1, 'narrowed', '', 'active', 1, 0, '{}', '{lab}', '', false, '{}', '{}', '{}', NULL, NULL, 0, 'none', 'UTC', NULL),
  (4, 1, 'spent', '', 'active', 1, 0, '{}', '{}', '', false, '{}', '{}', '{}', NULL, 0, 0, 'none', 'UTC', NULL),
  (5, 1, 'suspended', '', 'suspended', 1, 0, '{}', '{}', '', false, '{}', '{}', '{}', NULL, NULL, 0, 'none', 'UTC', NULL),
  (6, 1, 'revoked', '', 'revoked', 1, 0, '{}', '{}', '', false, '{}', '{}', '{}', NULL, NULL, 0, 'none', 'UTC', NULL),
  (7, 2, 'of a suspended master', '', 'active', 1, 0, '{}', '{}', '', false, '{}', '{}', '{}', NULL, NULL, 0, 'none', 'UTC', NULL);

UPDATE keys SET balance_published = balance;

INSERT INTO key_secrets (key_id, token_hash, hint, expires_at, revoked_at) VALUES
  (1, '${hashOf('1')}', 'x', NULL, NULL),
  (1, '${hashOf('a')}', 'x', '2025-12-18T00:00:00Z', NULL),
  (1, '${hashOf('b')}', 'x', NULL, '2025-12-17T00:00:00Z'),
  (2, '${hashOf('2')}', 'x', NULL, NULL),
  (2, '${hashOf('c')}', 'x', '2027-01-01T00:00:00Z', NULL),
  (3, '${hashOf('3')}', 'x', NULL, NULL),
  (4, '${hashOf('4')}', 'x', NULL, NULL),
  (5, '${hashOf('5')}', 'x', NULL, NULL),
  (6, '${hashOf('6')}', 'x', NULL, NULL),
  (7, '${hashOf('7')}', 'x', NULL, NULL);

INSERT INTO sync_resource (kind, ref, version, deleted, changed_at)
SELECT kind, ref, 17, gone, ${AT}::timestamptz FROM (
  SELECT 'namespace' AS kind, name AS ref, false AS gone FROM namespaces
  UNION ALL SELECT 'feature', name, false FROM features
  UNION ALL SELECT 'model', name, false FROM models
  UNION ALL SELECT 'models_meta', 'models_meta', false
  UNION ALL SELECT 'provider', id::text, false FROM api_keys
  UNION ALL SELECT DISTINCT 'binding', namespace || '.' || public_model, false FROM bindings
  UNION ALL SELECT 'master', id::text, false FROM masters
  UNION ALL SELECT 'key', token_hash, false FROM key_secrets
  UNION ALL VALUES ('namespace', 'gone', true), ('feature', 'gone', true), ('model', 'gone', true), ('provider', '99', true),
    ('binding', 'team.gone', true), ('master', '99', true), ('key', '${hashOf('0')}', true)) resources;

UPDATE sync_head SET version = 17`;
