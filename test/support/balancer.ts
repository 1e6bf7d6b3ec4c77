import type { Json } from './http.js';
import type { TestApp } from './app.js';

/** What a balancer reads of an API key; null if nothing is there. */
export const providerIn = async ({ redis }: TestApp, id: number): Promise<Json> =>
  JSON.parse((await redis.hget('config:providers', String(id))) ?? 'null');

/** What a balancer reads of a public model; null if nothing is there. */
export const bindingIn = async (
  { redis }: TestApp,
  { namespace, public_model }: { namespace: string; public_model: string },
): Promise<Json> => JSON.parse((await redis.hget('config:bindings', `${namespace}.${public_model}`)) ?? 'null');
