import type { LogRecord } from '../../src/log-database/log-record.js';
import { DAY_MS } from '../../src/modules/stats/rollup-tables.js';
import type { Http, Json } from '../support/http.js';

export const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
export const FROM = TODAY - 5 * DAY_MS;
export const iso = (at: number): string => new Date(at).toISOString();

/** The answer, or how it was refused. By default, the last five full days. */
export async function askStats(
  http: Http,
  query: Record<string, string | number>,
  path = '/admin/stats',
): Promise<Json> {
  const range = { from: iso(FROM), to: iso(TODAY), interval: 'day' };
  const search = new URLSearchParams({ ...range, ...query } as Record<string, string>);
  const { status, body } = await http.get(`${path}?${search.toString()}`);
  if (status !== 200) return { status, pointers: body.errors?.map(({ pointer }: Json) => pointer) };
  return body;
}

/** What the answer must be, counted from the records themselves. */
export function counted(some: readonly LogRecord[]): Json {
  const sum = (field: 'input_tokens' | 'output_tokens' | 'cached_tokens' | 'cost_nano_usd'): number =>
    some.reduce((total, record) => total + record[field], 0);
  const errors = some.filter(({ status_code }) => status_code >= 400 || status_code === 0).length;
  return {
    requests: some.length,
    errors,
    error_rate: some.length === 0 ? null : errors / some.length,
    input_tokens: sum('input_tokens'),
    output_tokens: sum('output_tokens'),
    cached_tokens: sum('cached_tokens'),
    cost_usd: sum('cost_nano_usd') / 1e9,
  };
}

export const between = (some: readonly LogRecord[], from: number, to: number): LogRecord[] =>
  some.filter(({ at }) => at.getTime() >= from && at.getTime() < to);
