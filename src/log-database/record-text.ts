import type { LogRecord } from './log-record.js';

/** In the order in which a row is written out below. */
const COLUMNS = [
  ...['at', 'request_id', 'master_id', 'key_id', 'provider_id', 'group_id', 'namespace', 'model', 'upstream_model'],
  ...['status_code', 'error_code', 'error_message', 'latency_ms', 'ttft_ms', 'input_tokens', 'output_tokens'],
  ...['cached_tokens', 'cost_usd', 'stream', 'client_ip', 'user_agent', 'node', 'extra'],
];

export const COPY_RECORDS = `COPY logs.records (${COLUMNS.join(', ')}) FROM STDIN`;

/**
 * Rows in COPY's text format. Those of a master, and of a key, follow each other: PostgreSQL then finds their places in the indexes
 * next to the last ones.
 */
export function recordsText(records: readonly LogRecord[]): string {
  let rows = '';
  for (const record of records.toSorted(byOwner)) rows += `${rowText(record)}\n`;
  return rows;
}

const byOwner = (a: LogRecord, b: LogRecord): number =>
  (a.master_id ?? 0) - (b.master_id ?? 0) || (a.key_id ?? 0) - (b.key_id ?? 0);

const rowText = (r: LogRecord): string =>
  `${r.at.toISOString()}\t${text(r.request_id)}\t${digits(r.master_id)}\t${digits(r.key_id)}\t${digits(r.provider_id)}\t` +
  `${digits(r.group_id)}\t${text(r.namespace)}\t${text(r.model)}\t${text(r.upstream_model)}\t${r.status_code}\t` +
  `${text(r.error_code)}\t${text(r.error_message)}\t${digits(r.latency_ms)}\t${digits(r.ttft_ms)}\t${r.input_tokens}\t` +
  `${r.output_tokens}\t${r.cached_tokens}\t${usd(r.cost_nano_usd)}\t${r.stream ? 't' : 'f'}\t${text(r.client_ip)}\t` +
  `${text(r.user_agent)}\t${text(r.node)}\t${r.extra === null ? NULL : escaped(JSON.stringify(r.extra))}`;

const NULL = '\\N';

const digits = (value: number | null): string => (value === null ? NULL : String(value));

const text = (value: string | null): string => (value === null ? NULL : escaped(value));

const SPECIAL = /[\\\n\r\t]/;
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A text within a row of COPY. */
export const escaped = (value: string): string =>
  SPECIAL.test(value) ? value.replaceAll(/[\\\n\r\t]/g, (character) => ESCAPES[character]!) : value;

const NANO = 1_000_000_000;

/** Exact: no arithmetic of fractions. */
function usd(nano: number): string {
  const fraction = nano % NANO;
  return `${(nano - fraction) / NANO}.${String(fraction).padStart(9, '0')}`;
}
