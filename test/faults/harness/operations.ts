import type { Json } from '../../support/http.js';
import type { Random } from './random.js';
import type { Kind, Known, World } from './world.js';

export interface Write {
  method: string;
  path: string;
  body?: object;
  /** What the world looks like after it. */
  done?: (body: Json) => void;
}

type Choice = (world: World, random: Random) => Write | undefined;

/** As many as make the small world of a scenario dense: what is changed is mostly named by something else. */
const ENOUGH: Record<Kind, number> = {
  namespaces: 4,
  masters: 5,
  keys: 40,
  'provider-groups': 5,
  'api-keys': 12,
  models: 10,
  bindings: 14,
  features: 5,
};

const UPSTREAM = ['gpt-4o', 'gpt-4.1', 'o3', 'vendor/gpt-4o', 'gemini-3-pro'];

/** Weights: what closes, moves or names something else comes most often. */
const CHOICES: readonly [number, Choice][] = [
  [8, (world, random) => fill(world, random)],
  [2, (world, random) => keyBatch(world, random)],
  [4, (world, random) => patch(world, random, 'keys', keyChange(random))],
  [3, (world, random) => keyAction(world, random, 'rotate')],
  [2, (world, random) => keyAction(world, random, 'revoke')],
  [2, (world, random) => remove(world, random, 'keys')],
  [2, (world, random) => patch(world, random, 'masters', masterChange(random))],
  [2, (world, random) => manage(world, random)],
  [0.3, (world, random) => remove(world, random, 'masters')],
  [3, (world, random) => patch(world, random, 'provider-groups', groupChange(world, random))],
  [0.4, (world, random) => remove(world, random, 'provider-groups')],
  [3, (world, random) => patch(world, random, 'api-keys', apiKeyChange(world, random))],
  [1, (world, random) => remove(world, random, 'api-keys')],
  [1, (world, random) => ban(world, random)],
  [2, (world, random) => patch(world, random, 'bindings', bindingChange(world, random))],
  [1, (world, random) => remove(world, random, 'bindings')],
  [2, (world, random) => patch(world, random, 'models', modelChange(world, random))],
  [1, (world, random) => remove(world, random, 'models')],
  [1, (world, random) => patch(world, random, 'namespaces', { status: random.pick(['active', 'disabled', 'active']) })],
  [0.3, (world, random) => remove(world, random, 'namespaces')],
  [1, (world, random) => patch(world, random, 'features', { value: { n: random.int(1, 9) } })],
  [0.5, (world, random) => remove(world, random, 'features')],
];

const TOTAL = CHOICES.reduce((sum, [weight]) => sum + weight, 0);

export function chooseWrite(world: World, random: Random): Write {
  for (let attempt = 0; attempt < 5; attempt++) {
    let left = random.next() * TOTAL;
    const choice = CHOICES.find(([weight]) => (left -= weight) < 0)?.[1];
    const write = choice?.(world, random);
    if (write) return write;
  }
  return fill(world, random);
}

/** Creates what there is too little of, parents first. */
export function fill(world: World, random: Random): Write {
  const kinds = Object.keys(ENOUGH) as Kind[];
  const missing = kinds.filter((kind) => world.all(kind).length < ENOUGH[kind]);
  const write = creation(random.pick(missing) ?? 'features', world, random);
  return write ?? creation(random.pick(['namespaces', 'masters', 'provider-groups'] as const)!, world, random)!;
}

function creation(kind: Kind, world: World, random: Random): Write | undefined {
  const body = bodyOf(kind, world, random);
  if (!body) return undefined;
  const path = kind === 'keys' ? `/admin/masters/${(body as { master: number }).master}/keys` : `/admin/${kind}`;
  const { master: _of, ...fields } = body as { master?: number };
  return { method: 'POST', path, body: fields, done: (created) => world.add(kind, created) };
}

function bodyOf(kind: Kind, world: World, random: Random): object | undefined {
  const name = world.newName(kind.slice(0, 2));
  const some = (of: Kind): Known | undefined => random.pick(world.all(of));
  switch (kind) {
    case 'namespaces':
    case 'models':
      return { name };
    case 'masters': {
      const namespaces = world.all('namespaces').slice(0, random.int(0, 2));
      return { name, namespaces: namespaces.map((each) => each.name) };
    }
    case 'keys':
      return some('masters') && { name, master: some('masters')!.id, ...keyChange(random) };
    case 'provider-groups':
      return { name, type: 'openai', models: UPSTREAM.slice(0, random.int(1, 4)) };
    case 'api-keys':
      return some('provider-groups') && { name, provider_group_id: some('provider-groups')!.id, secret: `sk-${name}` };
    case 'bindings':
      return some('namespaces') && some('provider-groups') && bindingFields(world, random);
    case 'features':
      return { name, value: random.chance(0.5) };
  }
}

const bindingFields = (world: World, random: Random): object => ({
  namespace: random.pick(world.all('namespaces'))?.name,
  group_id: random.pick(world.all('provider-groups'))?.id,
  public_model: `m${random.int(1, 8)}`,
  selector_type: random.pick(['exact', 'normalize_exact', 'regex']),
  selector_value: random.pick(UPSTREAM),
});

const keyChange = (random: Random): object =>
  random.pick([
    { status: 'suspended' },
    { status: 'active' },
    { weight: random.int(1, 9) },
    { quota_limit: 5, quota_used: random.int(0, 9) },
  ])!;

const masterChange = (random: Random): object =>
  random.pick([
    { status: 'suspended' },
    { status: 'active' },
    { status: 'active' },
    { global_qps: random.int(0, 99) },
    { group: `g${random.int(1, 3)}` },
  ])!;

const groupChange = (world: World, random: Random): object =>
  random.pick([
    { status: 'disabled' },
    { status: 'active' },
    { name: world.newName('renamed') },
    { models: UPSTREAM.slice(random.int(0, 1), random.int(2, 5)) },
    { base_url: `https://u${random.int(1, 9)}.example.com` },
  ])!;

const apiKeyChange = (world: World, random: Random): object =>
  random.pick([
    { status: 'manual_disabled' },
    { status: 'active' },
    { secret: world.newName('sk') },
    { weight: random.int(1, 9) },
    { provider_group_id: random.pick(world.all('provider-groups'))?.id },
  ])!;

const bindingChange = (world: World, random: Random): object =>
  random.pick([
    { status: 'disabled' },
    { status: 'active' },
    { weight: random.int(1, 9) },
    bindingFields(world, random),
  ])!;

const modelChange = (world: World, random: Random): object =>
  random.pick([
    { name: world.newName('renamed') },
    { status: 'disabled' },
    { status: 'active' },
    { context_window: random.int(1, 99) * 1000 },
  ])!;

const pathOf = (kind: Kind, { id, master }: Known): string =>
  kind === 'keys' ? `/admin/masters/${master}/keys/${id}` : `/admin/${kind}/${id}`;

function patch(world: World, random: Random, kind: Kind, body: object): Write | undefined {
  const known = random.pick(world.all(kind));
  return known && { method: 'PATCH', path: pathOf(kind, known), body };
}

function remove(world: World, random: Random, kind: Kind): Write | undefined {
  const known = random.pick(world.all(kind));
  return known && { method: 'DELETE', path: pathOf(kind, known), done: () => world.remove(kind, known.id) };
}

function keyAction(world: World, random: Random, action: 'rotate' | 'revoke'): Write | undefined {
  const known = random.pick(world.all('keys'));
  const body = action === 'rotate' ? { overlap_seconds: random.pick([0, 0, 3600])! } : undefined;
  return known && { method: 'POST', path: `${pathOf('keys', known)}/${action}`, body };
}

function manage(world: World, random: Random): Write | undefined {
  const known = random.pick(world.all('masters'));
  const action = random.pick(['suspend', 'activate', 'rotate', 'bump_epoch', 'activate']);
  return known && { method: 'POST', path: `/admin/masters/${known.id}/manage`, body: { action } };
}

function ban(world: World, random: Random): Write | undefined {
  const known = random.pick(world.all('api-keys'));
  if (!known) return undefined;
  const isBan = random.chance(0.5);
  const body = isBan ? { reason: 'quota' } : undefined;
  return { method: 'POST', path: `/admin/api-keys/${known.id}/${isBan ? 'ban' : 'unban'}`, body };
}

/** One version that adds, changes and takes away. */
function keyBatch(world: World, random: Random): Write | undefined {
  const master = random.pick(world.all('masters'));
  if (!master) return undefined;
  const own = world.all('keys').filter((key) => key.master === master.id);
  const gone = random.chance(0.5) ? own.slice(0, random.int(0, 2)) : [];
  const changed = own.filter((key) => !gone.includes(key)).slice(0, random.int(0, 3));
  return {
    method: 'POST',
    path: `/admin/masters/${master.id}/keys/batch`,
    body: {
      create: own.length < 12 ? Array.from({ length: random.int(1, 4) }, () => ({ name: world.newName('b') })) : [],
      update: changed.map(({ id }) => ({ id, ...keyChange(random) })),
      delete: gone.map(({ id }) => id),
    },
    done: (body) => {
      for (const created of body.created) world.add('keys', created);
      for (const { id } of gone) world.remove('keys', id);
    },
  };
}
