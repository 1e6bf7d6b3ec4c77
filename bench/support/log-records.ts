import { randomBytes } from 'node:crypto';
import { LOG_KEYS, LOG_MASTERS } from './log-generator.js';

const MODELS = 30;
/** Models that a key uses, and providers that serve a model; the first of them most. */
const FEW = 3;

/** What a record is about. */
interface Subject {
  key: number;
  model: number;
  provider: number;
  group: number;
}

export type Traffic = () => Subject;

/**
 * Traffic as tenants cause it: a few keys have most of the requests (the n-th about 1/n of what the first has), a key asks for a few models,
 * and a model is served by the few providers of one group.
 */
export const usualTraffic: Traffic = () => {
  const key = Math.floor((LOG_KEYS + 1) ** Math.random()) - 1;
  const model = (key + oftenTheFirst(FEW)) % MODELS;
  return { key, model, provider: FEW * model + oftenTheFirst(FEW), group: model };
};

/** Any key with any model and any provider: hardly any two records share a row of the finest roll-ups. */
export const unrelatedTraffic: Traffic = () => ({
  key: below(LOG_KEYS),
  model: below(MODELS),
  provider: below(50),
  group: below(10),
});

const below = (most: number): number => Math.floor(Math.random() * most);

const oftenTheFirst = (count: number): number => Math.floor(count * Math.random() ** 2);

/** Records as a balancer sends them, all of the last minute. */
export const someRecords = (count: number, traffic: Traffic): Record<string, unknown>[] =>
  Array.from({ length: count }, () => record(traffic()));

const record = ({ key, model, provider, group }: Subject): Record<string, unknown> => ({
  request_id: randomBytes(16).toString('hex'),
  at: new Date(Date.now() - below(60_000)).toISOString(),
  master_id: 1 + (key % LOG_MASTERS),
  key_id: 1 + key,
  provider_id: 1 + provider,
  group_id: 1 + group,
  namespace: 'default',
  model: `model-${model}`,
  upstream_model: 'gpt-4o-2024-08-06',
  status_code: Math.random() < 0.02 ? 502 : 200,
  latency_ms: below(3000),
  ttft_ms: below(300),
  input_tokens: below(4000),
  output_tokens: below(900),
  cached_tokens: 0,
  cost_usd: 0.0042,
  stream: true,
  client_ip: '192.0.2.1',
  user_agent: 'openai-python/1.40.0',
  node: 'balancer-1',
});
