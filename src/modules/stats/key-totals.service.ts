import { Injectable } from '@nestjs/common';
import { LogDatabase } from '../../log-database/log-database.js';

export interface KeyTotal {
  requests: number;
  input_tokens: number;
  output_tokens: number;
}

/** Days are kept for ever, at a level that has masters and keys; what no compaction has moved yet counts as well. */
const TOTALS = `
  SELECT key_id::float8 AS id, sum(requests)::float8 AS requests, sum(input_tokens)::float8 AS input_tokens,
         sum(output_tokens)::float8 AS output_tokens
    FROM (SELECT key_id, requests, input_tokens, output_tokens FROM logs.rollup_days WHERE level = 12 AND key_id = ANY ($1)
           UNION ALL
          SELECT key_id, requests, input_tokens, output_tokens FROM logs.rollup_deltas WHERE key_id = ANY ($1)) counted
   GROUP BY key_id`;

/** What access logs have ever counted for keys. */
@Injectable()
export class KeyTotals {
  constructor(private readonly database: LogDatabase) {}

  async of(ids: readonly number[]): Promise<Map<number, KeyTotal>> {
    const { rows } = await this.database.reads.query<KeyTotal & { id: number }>(TOTALS, [ids]);
    return new Map(rows.map(({ id, ...total }) => [id, total]));
  }
}
