import { parseModelRef } from '../../src/contract/model-ref.js';
import { bindingField } from '../../src/contract/redis-keys.js';
import type { Candidate, ProviderSnapshot } from '../../src/contract/snapshots.js';
import type { Client } from './client.js';
import type { Configuration } from './configuration.js';

export interface Route {
  /** Where to send the request, with the upstream's credential. */
  provider: ProviderSnapshot;
  /** How that upstream calls the model. */
  upstream_model: string;
  /** `{namespace}.{public_model}` */
  binding: string;
}

export interface RouteRefusal {
  refused: 'unknown_model' | 'not_allowed' | 'no_provider';
  message: string;
}

/** One weighted draw of a candidate and of one of its providers. Costs the same however many models there are. */
export function route(configuration: Configuration, client: Client, model: string): Route | RouteRefusal {
  const ref = parseModelRef(model, client.default_namespace);
  if (!ref) return { refused: 'unknown_model', message: `${model} names no namespace` };
  const field = bindingField(ref.namespace, ref.public_model);
  if (!client.namespaces.includes(ref.namespace)) {
    return { refused: 'not_allowed', message: `namespace ${ref.namespace} is not the key's` };
  }
  const names = [model, ref.public_model, field];
  if (client.model_limits && !names.some((name) => client.model_limits!.includes(name))) {
    return { refused: 'not_allowed', message: `${model} is not among the key's models` };
  }
  const binding = configuration.binding.get(field);
  if (binding?.status !== 'active') return { refused: 'unknown_model', message: `nothing is bound to ${field}` };
  const choice = draw(usableCandidates(configuration, binding.candidates, client.group));
  const chosen = choice && draw(choice.providers);
  if (!chosen) return { refused: 'no_provider', message: `no provider serves ${field} to route group ${client.group}` };
  return { ...chosen.target, binding: field };
}

interface Weighted {
  weight: number;
}

interface UsableProvider extends Weighted {
  target: Pick<Route, 'provider' | 'upstream_model'>;
}

interface UsableCandidate extends Weighted {
  providers: UsableProvider[];
}

function usableCandidates(
  configuration: Configuration,
  candidates: readonly Candidate[],
  group: string,
): UsableCandidate[] {
  return candidates
    .filter(({ status, route_group, error }) => status === 'active' && route_group === group && error === undefined)
    .map(({ weight, upstreams }) => ({ weight, providers: usableProviders(configuration, upstreams ?? {}) }))
    .filter(({ providers }) => providers.length > 0);
}

function usableProviders(configuration: Configuration, upstreams: Record<string, string>): UsableProvider[] {
  const now = Date.now() / 1000;
  return Object.entries(upstreams).flatMap(([id, upstream_model]) => {
    const provider = configuration.provider.get(id);
    if (provider?.status !== 'active' || (provider.ban_until ?? 0) > now) return [];
    return [{ weight: provider.weight ?? 0, target: { provider, upstream_model } }];
  });
}

/** By weight; those of weight 0 get something only if nobody has more. */
function draw<T extends Weighted>(choices: readonly T[]): T | undefined {
  const total = choices.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return choices[Math.floor(Math.random() * choices.length)];
  let rest = Math.random() * total;
  return choices.find(({ weight }) => (rest -= weight) < 0) ?? choices.findLast(({ weight }) => weight > 0);
}
