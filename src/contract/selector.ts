import { RE2JS, RE2JSException } from 're2js';
import type { SelectorType } from './names.js';
import type { Candidate, CandidateError } from './snapshots.js';

export const SELECTOR_MAX_LENGTH = 256;

/**
 * Linear time is still a product: the instructions of a pattern times the characters it is held against, some 70 ns each.
 * The limit is on work and not on time, so that every process comes to the same result.
 */
const MOST_STEPS = 2_000_000;

export interface Selector {
  type: SelectorType;
  /** Empty: the public model. */
  value: string;
  publicModel: string;
  /** The group's upstream models. */
  models: readonly string[];
}

export type Selection = { model: string } | { error: 'config_error'; reason: string };

/** The one upstream model that a selector hits; none or several is an error of configuration. */
export function resolveSelector(selector: Selector): Selection {
  const matcher = matcherOf(selector);
  if ('error' in matcher) return configError(matcher.error);

  const models = new Set(selector.models.map((model) => model.trim()).filter((model) => model !== ''));
  const steps = (matcher.instructions ?? 0) * [...models].reduce((sum, { length }) => sum + length, 0);
  if (steps > MOST_STEPS) return configError(`${describe(selector)} is too much work for ${models.size} models`);
  const hits = [...models].filter(matcher.matches);
  const [model] = hits;
  if (model === undefined) return configError(`${describe(selector)} hits none of ${models.size} models`);
  if (hits.length > 1) return configError(`${describe(selector)} hits ${hits.length} models: ${listed(hits)}`);
  return { model };
}

export type CandidateInput = Pick<
  Candidate,
  'group_id' | 'route_group' | 'weight' | 'selector_type' | 'selector_value' | 'status'
> & { publicModel: string; groupModels: readonly string[]; usableProviderIds: readonly number[] };

/** The upstream model that requests to a binding get, or why they get none. */
export function resolveUpstream(
  binding: CandidateInput,
): { model: string } | { error: CandidateError; reason: string } {
  const { selector_type: type, selector_value: value, publicModel, groupModels: models, usableProviderIds } = binding;
  if (usableProviderIds.length > 0) return resolveSelector({ type, value, publicModel, models });
  return { error: 'no_provider', reason: 'The provider group is disabled, or none of its API keys is active' };
}

/** A binding row as balancers see it: with the upstream model for each usable provider of its group, or with the reason why not. */
export function resolveCandidate(binding: CandidateInput): Candidate {
  const { group_id, route_group, weight, selector_type, selector_value, status } = binding;
  const candidate = { group_id, route_group, weight, selector_type, selector_value, status };
  const upstream = resolveUpstream(binding);
  if ('error' in upstream) return { ...candidate, error: upstream.error };

  // Sorted, so that the same facts always give the same bytes.
  const ids = binding.usableProviderIds.toSorted((a, b) => a - b);
  return { ...candidate, upstreams: Object.fromEntries(ids.map((id) => [String(id), upstream.model])) };
}

export type CompiledSelector = { find: (text: string) => boolean; instructions: number } | { error: string };

/**
 * RE2, as in balancers. JavaScript's own engine accepts look-around and back-references that they refuse, and it
 * needs exponential time for patterns that RE2 answers in linear time.
 */
export function compileSelector(pattern: string): CompiledSelector {
  if (pattern.length > SELECTOR_MAX_LENGTH) return { error: `longer than ${SELECTOR_MAX_LENGTH} characters` };
  try {
    const compiled = RE2JS.compile(pattern);
    return { find: (text) => compiled.test(text), instructions: compiled.programSize() };
  } catch (error) {
    if (error instanceof RE2JSException) return { error: error.message };
    throw error;
  }
}

type Matcher = { matches: (model: string) => boolean; instructions?: number } | { error: string };

const MATCHERS: Record<SelectorType, (wanted: string, isDefault: boolean) => Matcher> = {
  exact: (wanted) => ({ matches: (model) => model === wanted.trim() }),
  normalize_exact: (wanted) => ({ matches: (model) => normalized(model) === normalized(wanted.trim()) }),
  regex: (wanted, isDefault) => {
    // A public model is a name: its dots and pluses stand for themselves, unlike those of a pattern that somebody wrote.
    if (isDefault) return { matches: (model) => model.includes(wanted) };
    const compiled = compileSelector(wanted);
    return 'error' in compiled ? compiled : { matches: compiled.find, instructions: compiled.instructions };
  },
};

function matcherOf({ type, value, publicModel }: Selector): Matcher {
  const isDefault = value.trim() === '';
  return MATCHERS[type](isDefault ? publicModel : value, isDefault);
}

const normalized = (model: string): string => model.slice(model.lastIndexOf('/') + 1).toLowerCase();

const configError = (reason: string): Selection => ({ error: 'config_error', reason });

const describe = ({ type, value, publicModel }: Selector): string => `${type} "${value.trim() || publicModel}"`;

/** Enough to see the mistake, whatever the size of the group. */
const listed = (models: string[]): string => models.slice(0, 5).join(', ') + (models.length > 5 ? ', …' : '');
