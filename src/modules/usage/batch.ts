import { createHash } from 'node:crypto';
import type { FlushUsageDto } from './flush.dto.js';
import { instantOf } from './usage-fields.js';

/** What a balancer settles, with nothing left open. */
export interface Batch {
  node: string;
  batch_id: string;
  entries: Spend[];
  providers: ProviderCount[];
}

export interface Spend {
  key_id: number;
  requests: number;
  input_tokens: number;
  output_tokens: number;
  quota_units: number;
  cost_usd: number;
  period: string | undefined;
  last_used_at: Date | undefined;
}

export interface ProviderCount {
  provider_id: number;
  requests: number;
  errors: number;
}

export function toBatch({ node, batch_id, entries, providers }: FlushUsageDto): Batch {
  return {
    node,
    batch_id,
    entries: (entries ?? []).map((entry) => ({
      key_id: entry.key_id,
      requests: entry.requests ?? 0,
      input_tokens: entry.input_tokens ?? 0,
      output_tokens: entry.output_tokens ?? 0,
      quota_units: entry.quota_units ?? 0,
      cost_usd: entry.cost_usd ?? 0,
      period: entry.period ?? undefined,
      last_used_at: instantOf(entry.last_used_at),
    })),
    providers: (providers ?? []).map(({ provider_id, requests, errors }) => ({
      provider_id,
      requests: requests ?? 0,
      errors: errors ?? 0,
    })),
  };
}

/** Equal for what says the same, however it was written. */
export const digestOf = ({ entries, providers }: Batch): string =>
  createHash('sha256')
    .update(JSON.stringify([entries, providers]))
    .digest('hex');
