import { normalizeRouteGroup, type ModelKind, type ProviderType, type SelectorType } from './names.js';

/*
 * The values that balancers read. A field's place in a literal below is its place in the stored JSON, because checksums
 * and comparisons see bytes. JSON.stringify drops `undefined`, so that is how an empty optional field is left out.
 */

/** One upstream credential: a field of `config:providers`, named by its id. */
export interface ProviderSnapshot {
  id: number;
  /** Provider group's name, `#`, id. */
  name: string;
  type: ProviderType;
  /** Empty: the adapter's own default. */
  base_url: string;
  /** The secret in plain text, or its envelope when the data plane holds an encryption key. */
  api_key: string;
  google_project: string;
  google_location: string;
  group_id: number;
  /** Route group. */
  group: string;
  /** Upstream model names. */
  models: string[];
  /** Only `active` serves. */
  status: 'active' | 'manual_disabled' | 'auto_disabled' | 'disabled';
  auto_ban: boolean;
  /** Share of the load among the providers of a group. */
  weight?: number;
  /** Unix seconds; only while banned. */
  ban_until?: number;
}

/** One secret of a client key: a field of `config:keys`, named by its token hash. */
export interface KeySnapshot {
  id: number;
  /** Lower-case hex SHA-256 of what the client sends. */
  token_hash: string;
  /** Route group. */
  group: string;
  status: 'active' | 'suspended' | 'exhausted' | 'revoked';
  weight: number;
  /** USD. */
  balance: number;
  master_id?: number;
  /** The master's epoch when this was written. */
  epoch?: number;
  scopes?: string[];
  /** Empty: all of the master's. */
  namespaces?: string[];
  default_namespace?: string;
  model_limits_enabled?: boolean;
  model_limits?: string[];
  /** Addresses or CIDR. */
  allow_ips?: string[];
  deny_ips?: string[];
  /** Unix seconds; absent: never. */
  expires_at?: number;
  /** Quota units in one period; absent: no limit, and 0 is a limit. */
  quota_limit?: number;
  /** The last part of the counter's name, `quota:{key_id}:{quota_period}`. */
  quota_period?: string;
}

/** A field of `meta:models`, named by the model. */
export interface ModelSnapshot {
  name: string;
  kind: ModelKind;
  /** Tokens. */
  context_window?: number;
  /** USD per token. */
  cost_per_token?: number;
  supports_vision?: boolean;
  supports_functions?: boolean;
  supports_tool_choice?: boolean;
  supports_fim?: boolean;
  supports_stream?: boolean;
  /** Tokens. */
  max_output_tokens?: number;
}

/** A field of `config:bindings`, named `{namespace}.{public_model}`. */
export interface BindingSnapshot {
  namespace: string;
  public_model: string;
  status: 'active' | 'disabled';
  /** Unix seconds. */
  updated_at: number;
  /** One per provider group bound to the name. */
  candidates: Candidate[];
}

export interface Candidate {
  group_id: number;
  route_group: string;
  weight: number;
  selector_type: SelectorType;
  /** Empty: the public model. */
  selector_value: string;
  status: 'active' | 'disabled';
  /** Why nothing could be resolved; then there are no upstreams. */
  error?: CandidateError;
  /** Provider id → upstream model. */
  upstreams?: Record<string, string>;
}

export type CandidateError = 'config_error' | 'no_provider';

/** A field of `config:namespaces`. */
export interface NamespaceSnapshot {
  name: string;
  status: 'active' | 'disabled';
  description?: string;
}

/** The value of `config:providers`. */
export const encodeProvider = (s: ProviderSnapshot): string =>
  compact({
    id: s.id,
    name: s.name,
    type: s.type,
    base_url: s.base_url,
    api_key: s.api_key,
    google_project: s.google_project,
    google_location: s.google_location,
    group_id: s.group_id,
    group: normalizeRouteGroup(s.group),
    models: s.models,
    status: s.status,
    auto_ban: s.auto_ban,
    weight: s.weight,
    ban_until: s.ban_until,
  });

/** The value of `config:keys`. */
export const encodeKey = (s: KeySnapshot): string => compact(keyFacts(s));

/** The value of `meta:models`. */
export const encodeModel = (s: ModelSnapshot): string =>
  compact({
    name: s.name,
    kind: s.kind,
    context_window: unlessEmpty(notNegative('context_window', s.context_window)),
    cost_per_token: unlessEmpty(notNegative('cost_per_token', s.cost_per_token)),
    supports_vision: unlessEmpty(s.supports_vision),
    supports_functions: unlessEmpty(s.supports_functions),
    supports_tool_choice: unlessEmpty(s.supports_tool_choice),
    supports_fim: unlessEmpty(s.supports_fim),
    supports_stream: unlessEmpty(s.supports_stream),
    max_output_tokens: unlessEmpty(notNegative('max_output_tokens', s.max_output_tokens)),
  });

/** The value of `config:bindings`. */
export const encodeBinding = (s: BindingSnapshot): string =>
  compact({
    namespace: s.namespace,
    public_model: s.public_model,
    status: s.status,
    updated_at: s.updated_at,
    candidates: s.candidates.map(candidateFields),
  });

/** The value of `config:namespaces`. */
export const encodeNamespace = (s: NamespaceSnapshot): string =>
  compact({ name: s.name, status: s.status, description: unlessEmpty(s.description) });

/** The value of `meta:features`: any JSON value. */
export const encodeFeature = (value: unknown): string => JSON.stringify(value ?? null);

/** A key's facts in the order of the JSON, empty ones undefined: the source of `config:keys` and of `auth:token:*`. */
export function keyFacts(s: KeySnapshot): { [F in keyof Required<KeySnapshot>]: KeySnapshot[F] } {
  return {
    id: s.id,
    token_hash: s.token_hash,
    group: normalizeRouteGroup(s.group),
    status: s.status,
    weight: s.weight,
    balance: s.balance,
    master_id: unlessEmpty(s.master_id),
    epoch: unlessEmpty(s.epoch),
    scopes: unlessEmpty(s.scopes),
    namespaces: unlessEmpty(s.namespaces),
    default_namespace: unlessEmpty(s.default_namespace),
    model_limits_enabled: unlessEmpty(s.model_limits_enabled),
    model_limits: unlessEmpty(s.model_limits),
    allow_ips: unlessEmpty(s.allow_ips),
    deny_ips: unlessEmpty(s.deny_ips),
    // A reader that decodes into an integer takes 0 for "never": an expiry in 1970 has to stay an expiry.
    expires_at: s.expires_at === undefined ? undefined : Math.max(1, s.expires_at),
    quota_limit: s.quota_limit,
    quota_period: unlessEmpty(s.quota_period),
  };
}

const candidateFields = (c: Candidate): Record<keyof Candidate, unknown> =>
  allFinite({
    group_id: c.group_id,
    route_group: normalizeRouteGroup(c.route_group),
    weight: c.weight,
    selector_type: c.selector_type,
    selector_value: c.selector_value,
    status: c.status,
    error: c.error,
    upstreams: c.upstreams,
  });

/** NaN counts as a value here, so that it is refused below and never read as "no limit". */
function unlessEmpty<T>(value: T): T | undefined {
  const isEmpty = Array.isArray(value) ? value.length === 0 : value === '' || value === 0 || value === false;
  return isEmpty ? undefined : value;
}

function notNegative(field: string, value: number | undefined): number | undefined {
  if (value !== undefined && value < 0) throw new RangeError(`${field} is negative: ${value}`);
  return value;
}

const compact = (fields: Record<string, unknown>): string => JSON.stringify(allFinite(fields));

/** JSON has no NaN: JSON.stringify would write null, which readers take for 0 or for "no limit". */
function allFinite<T extends Record<string, unknown>>(fields: T): T {
  for (const field in fields) {
    const value: unknown = fields[field];
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new RangeError(`${field} is not a number: ${value}`);
  }
  return fields;
}
