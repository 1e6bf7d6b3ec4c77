import { createHash } from 'node:crypto';

import { candidatesFor, readModelName, refusalOf } from './balancer-rules.mjs';

/**
 * @typedef {object} ClientRequest
 * @property {string} token as the client sends it
 * @property {string} address
 * @property {string} model
 */

/**
 * The data plane in small. It shares no code with the control plane and reads nothing but Redis, as any balancer would that
 * was written against docs/redis-contract.md.
 */
export class Balancer {
  /** @param {import('ioredis').Redis} redis */
  constructor(redis) {
    this.redis = redis;
  }

  /**
   * @param {{ token: string, address: string }} request
   * @returns {Promise<{ key: Record<string, string> } | { refused: string }>}
   */
  async authenticate({ token, address }) {
    const hash = createHash('sha256').update(token).digest('hex');
    const key = await this.redis.hgetall(`auth:token:${hash}`);
    const master = key.master_id ? await this.redis.hgetall(`auth:master:${key.master_id}`) : {};
    const refused = refusalOf(key, master, { address, now: Date.now() });
    if (refused) return { refused };
    return { key: { ...key, namespaces: key.namespaces ?? master.namespaces ?? '' } };
  }

  /**
   * @param {ClientRequest} request
   * @returns {Promise<{ field: string, choices: Choice[] } | { refused: string }>}
   */
  async serve({ model, ...request }) {
    const authenticated = await this.authenticate(request);
    if ('refused' in authenticated) return authenticated;
    const wanted = readModelName(authenticated.key, model);
    if ('refused' in wanted) return wanted;

    const stored = await this.redis.hget('config:bindings', wanted.field);
    if (stored === null) return { refused: `nothing is bound to ${wanted.field}` };
    const choices = await this.choicesOf(candidatesFor(JSON.parse(stored), authenticated.key.group));
    if (choices.length === 0)
      return { refused: `no provider serves ${wanted.field} to route group ${authenticated.key.group}` };
    return { field: wanted.field, choices };
  }

  /**
   * Best first, where a real balancer would draw by weight.
   * @typedef {{ provider: any, upstream: string, weight: number }} Choice
   * @returns {Promise<Choice[]>}
   */
  async choicesOf(candidates) {
    const upstreams = candidates.flatMap(({ weight, upstreams }) =>
      Object.entries(upstreams).map(([id, upstream]) => ({ id, upstream, weight })),
    );
    if (upstreams.length === 0) return [];
    const stored = await this.redis.hmget('config:providers', ...upstreams.map(({ id }) => id));
    return upstreams
      .map(({ upstream, weight }, i) => ({ provider: JSON.parse(stored[i] ?? '{}'), upstream, weight }))
      .filter(({ provider }) => provider.status === 'active')
      .toSorted((a, b) => b.weight - a.weight || a.provider.id - b.provider.id);
  }
}
