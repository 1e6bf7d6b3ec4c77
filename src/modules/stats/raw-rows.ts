import { EDGES, sampleOf } from './histogram.js';
import { bucketOfTier } from './rollup-tables.js';

/** Parameters of `RAW_MINUTES`: the day and the one after it, and the edges of the histograms. */
export const rawParameters = (day: Date, next: Date): unknown[] => [day, next, EDGES];

/** In SQL: what the flushes would have counted, were all records of a day one flush. */
export const RAW_MINUTES = `
  SELECT ${bucketOfTier('minute', 'raw.at')} AS at, coalesce(master_id, 0) AS master_id, coalesce(key_id, 0) AS key_id,
         coalesce(provider_id, 0) AS provider_id, coalesce(group_id, 0) AS group_id,
         coalesce(namespace, '') AS namespace, coalesce(model, '') AS model,
         CASE WHEN status_code BETWEEN 100 AND 599 THEN status_code / 100 ELSE 0 END AS status_class,
         count(*) AS requests, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
         sum(cached_tokens) AS cached_tokens, sum(cost_usd) AS cost_usd,
         sum(${sampleOf('latency_ms', '$3')}) AS latency_hist, sum(${sampleOf('ttft_ms', '$3')}) AS ttft_hist
    FROM logs.records raw
   WHERE raw.at >= $1 AND raw.at < $2
   GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`;
