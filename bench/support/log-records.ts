import { randomBytes } from 'node:crypto';
import { LOG_KEYS, LOG_MASTERS } from './log-generator.js';

/** Records as a balancer sends them, all of this minute. */
export const someRecords = (count: number): Record<string, unknown>[] => Array.from({ length: count }, record);

const below = (most: number): number => Math.floor(Math.random() * most);

function record(): Record<string, unknown> {
  const key = below(LOG_KEYS);
  return {
    request_id: randomBytes(16).toString('hex'),
    at: new Date(Date.now() - below(60_000)).toISOString(),
    master_id: 1 + (key % LOG_MASTERS),
    key_id: 1 + key,
    provider_id: 1 + below(50),
    group_id: 1 + below(10),
    namespace: 'default',
    model: `model-${below(30)}`,
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
  };
}
