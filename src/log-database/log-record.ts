/** One request that a balancer served, as it is stored: column names are the wire's names. */
export interface LogRecord {
  at: Date;
  request_id: string;
  master_id: number | null;
  key_id: number | null;
  provider_id: number | null;
  group_id: number | null;
  namespace: string | null;
  /** The public model. */
  model: string | null;
  upstream_model: string | null;
  status_code: number;
  error_code: string | null;
  error_message: string | null;
  latency_ms: number | null;
  /** Time to the first token, in milliseconds. */
  ttft_ms: number | null;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  /** In billionths of a US dollar, so that sums are exact; the column `cost_usd` has nine decimals. */
  cost_nano_usd: number;
  stream: boolean;
  client_ip: string | null;
  user_agent: string | null;
  node: string | null;
  /** Fields that the contract doesn't name. */
  extra: Record<string, unknown> | null;
}
