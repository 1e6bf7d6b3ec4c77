import { DomainError, type FieldError, pointerStep } from '../../common/domain-error.js';
import { refuseUnsafe } from '../../http/safe-json.js';
import type { LogRecord } from '../../log-database/log-record.js';
import { withoutSecrets, withoutSecretsIn } from '../../common/without-secrets.js';
import { type RawRecord, RecordReader } from './record-reader.js';

export interface RecordRules {
  /** Instants that a record may be of, in milliseconds since 1970. */
  oldest: number;
  newest: number;
  now: number;
  /** Of records that don't name theirs. */
  node: string | null;
  refusesUnknown: boolean;
}

export type Verdict = { record: LogRecord } | { errors: readonly FieldError[] };

/** Never throws: whatever it is, it is a record or there are reasons why not. */
export function judge(raw: unknown, rules: RecordRules): Verdict {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return { errors: [NO_OBJECT] };
  const reader = new RecordReader(raw as RawRecord);
  const extra = readExtra(raw as RawRecord, reader, rules);
  const record = readRecord(reader, rules, extra);
  return reader.errors.length > 0 ? { errors: reader.errors.slice(0, MAX_ERRORS) } : { record };
}

const NO_OBJECT: FieldError = { pointer: '', message: 'the record must be a JSON object' };
const MAX_ERRORS = 20;

function readRecord(r: RecordReader, rules: RecordRules, extra: LogRecord['extra']): LogRecord {
  return {
    at: r.instant('at', { from: rules.oldest, to: rules.newest, otherwise: rules.now }),
    request_id: required(r, 'request_id', nonEmpty(r.text('request_id', 128))) ?? '',
    master_id: r.id('master_id'),
    key_id: r.id('key_id'),
    provider_id: r.id('provider_id'),
    group_id: r.id('group_id'),
    namespace: withoutSecrets(r.text('namespace', 128)),
    model: withoutSecrets(r.text('model', 256)),
    upstream_model: withoutSecrets(r.text('upstream_model', 256)),
    status_code: required(r, 'status_code', r.number('status_code', { min: 100, max: 599, isWhole: true })) ?? 0,
    error_code: withoutSecrets(r.text('error_code', 128)),
    error_message: withoutSecrets(r.quote('error_message', 1024)),
    latency_ms: rounded(r.number('latency_ms', MILLISECONDS)),
    ttft_ms: rounded(r.number('ttft_ms', MILLISECONDS)),
    input_tokens: r.count('input_tokens', MOST_TOKENS),
    output_tokens: r.count('output_tokens', MOST_TOKENS),
    cached_tokens: r.count('cached_tokens', MOST_TOKENS),
    cost_nano_usd: Math.round((r.number('cost_usd', { min: 0, max: 1_000_000 }) ?? 0) * 1e9),
    stream: r.flag('stream'),
    client_ip: r.address('client_ip'),
    user_agent: withoutSecrets(r.quote('user_agent', 512)),
    node: r.text('node', 64) ?? rules.node,
    extra,
  };
}

/** What an `integer` holds: 24 days. */
const MILLISECONDS = { min: 0, max: 2_147_483_647 };
const MOST_TOKENS = 1_000_000_000_000;

const nonEmpty = (text: string | null): string | null => (text === '' ? null : text);

const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value));

/** A wrong value was noted when it was read. */
function required<T>(r: RecordReader, name: string, value: T | null): T | null {
  if (value === null && !r.errors.some(({ pointer }) => pointer === `/${name}`)) r.fault(name, 'is required');
  return value;
}

const KNOWN = new Set([
  ...['at', 'request_id', 'master_id', 'key_id', 'provider_id', 'group_id', 'namespace', 'model', 'upstream_model'],
  ...['status_code', 'error_code', 'error_message', 'latency_ms', 'ttft_ms', 'input_tokens', 'output_tokens'],
  ...['cached_tokens', 'cost_usd', 'stream', 'client_ip', 'user_agent', 'node'],
]);

/** What was said to whom is not stored, wherever a balancer would put it; `RequestBody` is as good a name as `request_body`. */
const BODIES = new Set(['body', 'requestbody', 'responsebody', 'messages', 'prompt', 'completion']);

const isBody = (name: string): boolean => BODIES.has(name.replaceAll(/[-_]/g, '').toLowerCase());

const BODY_FAULT = 'is not stored: leave it out';

/** Of a value that is known not to be deep. @returns the pointer of a body in it */
function bodyIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, part] of Object.entries(value)) {
    const inner = !Array.isArray(value) && isBody(name) ? '' : bodyIn(part);
    if (inner !== undefined) return pointerStep(name) + inner;
  }
  return undefined;
}

const EXTRA_BYTES = 4096;

function readExtra(raw: RawRecord, reader: RecordReader, { refusesUnknown }: RecordRules): LogRecord['extra'] {
  let extra: RawRecord | null = null;
  for (const name of Object.keys(raw)) {
    if (KNOWN.has(name)) continue;
    if (isBody(name)) reader.fault(name, BODY_FAULT);
    else if (refusesUnknown) reader.fault(name, 'is not a known field');
    // Not by assignment: the name may be `__proto__`.
    else Object.defineProperty((extra ??= {}), name, { value: raw[name], enumerable: true });
  }
  return extra && checkedExtra(extra, reader);
}

function checkedExtra(extra: RawRecord, reader: RecordReader): LogRecord['extra'] {
  try {
    refuseUnsafe(extra);
  } catch (error) {
    reader.errors.push(...(error as DomainError).errors);
    return null;
  }
  const pointer = bodyIn(extra);
  if (pointer !== undefined) {
    reader.errors.push({ pointer, message: `${pointer.slice(1)} ${BODY_FAULT}` });
    return null;
  }
  if (Buffer.byteLength(JSON.stringify(extra)) > EXTRA_BYTES) {
    reader.errors.push({ pointer: '', message: `unknown fields must not exceed ${EXTRA_BYTES} bytes together` });
    return null;
  }
  return withoutSecretsIn(extra) as RawRecord;
}
