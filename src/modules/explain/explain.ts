import { isInRanges } from '../../common/ip-range.js';
import type { ModelRef } from '../../contract/model-ref.js';
import { isWellFormedToken } from '../../contract/token.js';
import type { ResolvedBinding } from '../bindings/bindings.service.js';
import type { NamespaceStatus } from '../namespaces/namespace.entity.js';
import type { KeyFacts } from './explain.facts.js';

export const CHECKS = [
  'key',
  'status',
  'expiry',
  'address',
  'model_name',
  'namespace_allowed',
  'namespace',
  'model_limits',
  'binding',
  'candidates',
] as const;

export interface Check {
  name: (typeof CHECKS)[number];
  outcome: 'passed' | 'failed' | 'skipped';
  detail: string;
}

export interface Question {
  /** As the client wrote it. */
  model: string;
  ip?: string;
}

/** Everything that a balancer would look at. */
export interface Situation extends Question {
  key: KeyFacts;
  ref: ModelRef | undefined;
  /** Undefined: there is no such namespace. */
  namespace: NamespaceStatus | undefined;
  bindings: ResolvedBinding[];
}

/** In the order in which a balancer decides; the first that fails is its answer, the rest is for whoever mends it. */
export function checksOf(situation: Situation): Check[] {
  const { ref } = situation;
  const ofCaller = [keyCheck, statusCheck, expiryCheck, addressCheck].map((check) => check(situation));
  if (!ref) return [...ofCaller, unreadable(situation)];
  const ofModel = [nameCheck, allowedCheck, namespaceCheck, limitsCheck, bindingCheck, candidatesCheck];
  return [...ofCaller, ...ofModel.map((check) => check({ ...situation, ref }))];
}

/** Tokens of ours carry a checksum, which tells a typo from a key that is gone. */
export function unknownKey(token: string | undefined): Check {
  const isMistyped = token?.startsWith('ezk_') === true && !isWellFormedToken(token);
  return failed(
    'key',
    isMistyped
      ? 'This token was mistyped or cut off: its checksum does not fit.'
      : 'No key has this token. Its key was deleted, or never was here.',
  );
}

/** Why a binding is none of this key's candidates; undefined for a candidate. */
export function reasonAgainst(binding: ResolvedBinding, routeGroup: string): string | undefined {
  if (binding.status === 'disabled') return 'The binding is disabled';
  if (binding.route_group !== routeGroup) return `It is for the route group "${binding.route_group}"`;
  return binding.resolution.error_detail ?? undefined;
}

/** The whole answer in a sentence. */
export function verdictOf(
  checks: Check[],
  candidates: ResolvedBinding[],
): { verdict: 'served' | 'refused'; sentence: string } {
  const failed = checks.find(({ outcome }) => outcome === 'failed');
  if (failed) return { verdict: 'refused', sentence: `Refused: ${failed.detail}` };
  const targets = candidates.map(
    ({ group_id, resolution }) =>
      `"${resolution.upstream_model}" at provider group ${group_id} (${count(resolution.provider_ids.length, 'API key')})`,
  );
  const condition = checks.some(({ outcome }) => outcome === 'skipped') ? 'if its address is allowed, ' : '';
  return { verdict: 'served', sentence: `Served: ${condition}the request goes to ${targets.join(' or ')}.` };
}

type Readable = Situation & { ref: ModelRef };

const passed = (name: Check['name'], detail: string): Check => ({ name, outcome: 'passed', detail });
const failed = (name: Check['name'], detail: string): Check => ({ name, outcome: 'failed', detail });
const decided = (name: Check['name'], problem: string | undefined, detail: string): Check =>
  problem === undefined ? passed(name, detail) : failed(name, problem);

const keyCheck = ({ key }: Situation): Check =>
  passed(
    'key',
    `It is key ${key.id} "${key.name}" of master ${key.master_id} "${key.master_name}", secret ${key.hint}.`,
  );

const statusCheck = ({ key }: Situation): Check => decided('status', statusProblem(key), 'Key and master are active.');

/** The reason that can't be undone comes first, as in Redis. */
function statusProblem(key: KeyFacts): string | undefined {
  if (key.is_secret_revoked) return 'This secret of the key was revoked or replaced.';
  if (key.status === 'revoked') return 'The key is revoked.';
  if (key.status === 'suspended') return 'The key is suspended.';
  if (key.master_status === 'suspended') return `The master "${key.master_name}" is suspended.`;
  return key.is_exhausted ? "The key's quota is used up." : undefined;
}

const expiryCheck = ({ key }: Situation): Check =>
  decided('expiry', key.is_expired ? 'The key, or this secret of it, has expired.' : undefined, 'It has not expired.');

function addressCheck({ key, ip }: Situation): Check {
  const isRestricted = key.allow_ips.length > 0 || key.deny_ips.length > 0;
  if (!isRestricted) return passed('address', 'The key takes every address.');
  if (ip === undefined)
    return { name: 'address', outcome: 'skipped', detail: 'The key restricts addresses, and none was given.' };
  if (isInRanges(ip, key.deny_ips)) return failed('address', `The key denies the address ${ip}.`);
  const isAllowed = key.allow_ips.length === 0 || isInRanges(ip, key.allow_ips);
  return decided(
    'address',
    isAllowed ? undefined : `The key does not allow the address ${ip}.`,
    `The key takes ${ip}.`,
  );
}

const unreadable = ({ model, key }: Situation): Check =>
  failed(
    'model_name',
    model.includes('.')
      ? `"${model}" has nothing before or behind its first dot.`
      : `"${model}" names no namespace, and key ${key.id} has no default namespace.`,
  );

const nameCheck = ({ model, ref }: Readable): Check =>
  passed(
    'model_name',
    model.includes('.')
      ? `The first dot ends the namespace: "${ref.namespace}", model "${ref.public_model}".`
      : `Without a dot it is the model "${ref.public_model}" of the default namespace "${ref.namespace}".`,
  );

const allowedCheck = ({ key, ref }: Readable): Check =>
  decided(
    'namespace_allowed',
    key.namespaces.includes(ref.namespace) ? undefined : `The key may not use the namespace "${ref.namespace}".`,
    'The key may use this namespace.',
  );

function namespaceCheck({ namespace, ref }: Readable): Check {
  const problem = namespace === undefined ? 'does not exist' : namespace === 'disabled' ? 'is disabled' : undefined;
  return decided('namespace', problem && `The namespace "${ref.namespace}" ${problem}.`, 'The namespace is active.');
}

function limitsCheck({ key, model, ref }: Readable): Check {
  if (!key.model_limits_enabled) return passed('model_limits', 'The key is not limited to certain models.');
  const names = [model, ref.public_model, `${ref.namespace}.${ref.public_model}`];
  const isListed = key.model_limits.some((listed) => names.includes(listed));
  return decided(
    'model_limits',
    isListed ? undefined : `"${ref.public_model}" is not among the models that the key is limited to.`,
    'The model is among those that the key is limited to.',
  );
}

const bindingCheck = ({ bindings, ref }: Readable): Check =>
  decided(
    'binding',
    bindings.length === 0 ? `Nothing is bound to "${ref.namespace}.${ref.public_model}".` : undefined,
    `${count(bindings.length, 'binding')} of this name.`,
  );

function candidatesCheck({ bindings, key }: Readable): Check {
  const reasons = bindings.map((binding) => ({ id: binding.id, reason: reasonAgainst(binding, key.route_group) }));
  const open = reasons.filter(({ reason }) => reason === undefined);
  const problems = reasons.map(({ id, reason }) => `binding ${id}: ${reason}`).join('; ');
  const problem = `None serves the route group "${key.route_group}" (${problems || 'no bindings'}).`;
  return decided(
    'candidates',
    open.length === 0 ? problem : undefined,
    `${count(open.length, 'candidate')} for the route group "${key.route_group}".`,
  );
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
