import type { LogRecord } from '../../log-database/log-record.js';
import { escaped } from '../../log-database/record-text.js';
import { bucketOf, type Counts, packHistogram } from './histogram.js';

/** In the order of `valuesOf`. */
const COLUMNS = [
  ...['at', 'master_id', 'key_id', 'provider_id', 'group_id', 'namespace', 'model', 'status_class'],
  ...['requests', 'input_tokens', 'output_tokens', 'cached_tokens', 'cost_usd', 'latency_hist', 'ttft_hist'],
];

export const COPY_DELTAS = `COPY logs.rollup_deltas (${COLUMNS.join(', ')}) FROM STDIN`;

interface Delta {
  /** Any record of the group: all have the same dimensions. */
  record: LogRecord;
  minute: number;
  requests: number;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  cost_nano_usd: number;
  latency: Counts;
  ttft: Counts;
}

/** Sums records by minute and dimensions. @returns rows in COPY's text format */
export function deltasText(records: readonly LogRecord[]): string {
  let rows = '';
  for (const delta of deltasOf(records)) rows += `${valuesOf(delta).join('\t')}\n`;
  return rows;
}

function deltasOf(records: readonly LogRecord[]): Delta[] {
  const deltas: Delta[] = [];
  const known = new Map<string, Delta>();
  for (const record of records) {
    const minute = Math.floor(record.at.getTime() / MINUTE_MS);
    const group = groupOf(record, minute);
    let delta = known.get(group);
    if (!delta || !hasRoomFor(delta, record)) {
      delta = emptyDelta(record, minute);
      known.set(group, delta);
      deltas.push(delta);
    }
    add(delta, record);
  }
  return deltas;
}

const MINUTE_MS = 60_000;

/** A public model may hold any character but NUL, so that is what parts it from the namespace. */
const groupOf = (record: LogRecord, minute: number): string =>
  `${minute} ${record.key_id} ${record.master_id} ${record.provider_id} ${record.group_id} ${statusClass(record)} ${record.namespace ?? ''}\0${record.model ?? ''}`;

/** 2 of a status 204; 0 of what is no status. */
const statusClass = ({ status_code }: LogRecord): number =>
  status_code >= 100 && status_code <= 599 ? Math.floor(status_code / 100) : 0;

const emptyDelta = (record: LogRecord, minute: number): Delta => ({
  record,
  minute,
  requests: 0,
  input_tokens: 0,
  output_tokens: 0,
  cached_tokens: 0,
  cost_nano_usd: 0,
  latency: new Map(),
  ttft: new Map(),
});

/** Sums past 2^53 are left to PostgreSQL, whose numbers stay exact: the group gets a second row. */
const hasRoomFor = (delta: Delta, record: LogRecord): boolean =>
  SUMS.every((sum) => Number.isSafeInteger(delta[sum] + record[sum]));

const SUMS = ['input_tokens', 'output_tokens', 'cached_tokens', 'cost_nano_usd'] as const;

function add(delta: Delta, record: LogRecord): void {
  delta.requests += 1;
  for (const sum of SUMS) delta[sum] += record[sum];
  count(delta.latency, record.latency_ms);
  count(delta.ttft, record.ttft_ms);
}

function count(counts: Counts, ms: number | null): void {
  if (ms === null) return;
  const bucket = bucketOf(ms);
  counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
}

/** In the order of `COLUMNS`. */
const valuesOf = ({ record, ...delta }: Delta): (string | number)[] => [
  isoMinute(delta.minute),
  record.master_id ?? 0,
  record.key_id ?? 0,
  record.provider_id ?? 0,
  record.group_id ?? 0,
  escaped(record.namespace ?? ''),
  escaped(record.model ?? ''),
  statusClass(record),
  delta.requests,
  delta.input_tokens,
  delta.output_tokens,
  delta.cached_tokens,
  `${delta.cost_nano_usd}e-9`,
  packHistogram(delta.latency),
  packHistogram(delta.ttft),
];

/** Most records of a flush are of the same minute or two. */
let lastMinute = { minute: 0, iso: '1970-01-01T00:00:00.000Z' };

function isoMinute(minute: number): string {
  if (lastMinute.minute !== minute) lastMinute = { minute, iso: new Date(minute * MINUTE_MS).toISOString() };
  return lastMinute.iso;
}
