import type { BindingSnapshot, KeySnapshot } from '../../../src/contract/snapshots.js';
import { redisKeys, redisPrefixes } from '../../../src/contract/redis-keys.js';
import type { Held } from '../harness/history.js';

/** Whether a secret opens something; undefined: this is no secret, or nothing is said of it. */
export function isAllowed(thing: string, value: string | null): boolean | undefined {
  const isSecret = thing.startsWith(redisPrefixes.token) || thing.startsWith(`${redisKeys.keys} `);
  if (!isSecret || value === null) return undefined;
  return (JSON.parse(value) as KeySnapshot).status === 'active';
}

/** Live bindings that name a provider which is not there. */
export function brokenBindings(held: ReadonlyMap<string, Held>): string[] {
  return [...held].flatMap(([thing, { value }]) =>
    thing.startsWith(`${redisKeys.bindings} `) && value !== null && isBroken(value, held) ? thing : [],
  );
}

function isBroken(binding: string, held: ReadonlyMap<string, Held>): boolean {
  const { status, candidates } = JSON.parse(binding) as BindingSnapshot;
  const named = candidates.flatMap(({ upstreams = {} }) => Object.keys(upstreams));
  const isThere = (id: string): boolean => (held.get(`${redisKeys.providers} ${id}`)?.value ?? null) !== null;
  return status === 'active' && !named.every(isThere);
}
