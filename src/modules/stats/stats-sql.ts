import type { Edges } from './buckets.js';
import { sentSumOf } from './histogram.js';
import { type Dimension, levelOf, NOTHING } from './rollup-levels.js';
import { MEASURES, tableOf, WIDTH_MS } from './rollup-tables.js';
import { type Range, splitWeeks, WEEKS } from './rollup-weeks.js';
import type { Slice } from './slices.js';

/** Rows must have one of the values in each of these dimensions. */
export type Filter = Partial<Record<Dimension, readonly (string | number)[]>>;

export interface Statement {
  text: string;
  values: unknown[];
}

/** What is read of the roll-ups. */
export interface Selection {
  slices: readonly Slice[];
  filter: Filter;
  groupBy: Dimension | undefined;
}

/** The values of a dimension with most requests. Index and table are read for two columns only, and for whole weeks where it can be. */
export function rankStatement(selection: Selection, top: number): Statement {
  const values = new Parameters();
  const columns = (): string => `${selection.groupBy} AS value, requests`;
  const { weeks, slices } = withWeeks(selection);
  const source = [
    ...weeks.map(
      ({ from, to }) => `SELECT ${columns()} FROM ${WEEKS} WHERE ${during({ from, to }, selection, values)}`,
    ),
    ...movedOf({ ...selection, slices }, values, columns),
    waitingOf(selection, values, columns),
  ].join(' UNION ALL ');
  return {
    text: `SELECT value::text FROM (${source}) AS r
            GROUP BY r.value ORDER BY sum(requests) DESC, r.value LIMIT ${values.add(top, 'int')}`,
    values: values.list,
  };
}

/** Weeks know keys and classes of status, and nothing else. */
const WEEK_DIMENSIONS: readonly Dimension[] = ['key_id', 'status_class'];

function withWeeks({ slices, filter, groupBy }: Selection): { weeks: Range[]; slices: readonly Slice[] } {
  const dimensions = Object.keys(filter) as Dimension[];
  const isKnown = groupBy === 'key_id' && dimensions.every((dimension) => WEEK_DIMENSIONS.includes(dimension));
  return isKnown ? splitWeeks(slices) : { weeks: [], slices };
}

/** A sum over one bucket, and one value of the dimension where there is one; numbers that may be large are digits, histograms as `sentSumOf` has them. */
export interface SumRow {
  /** From 1: which two edges its rows lie between. */
  bucket: number;
  value: string | null;
  requests: string;
  errors: string;
  input_tokens: string;
  output_tokens: string;
  cached_tokens: string;
  cost_nano_usd: string;
  latency_hist: Buffer;
  ttft_hist: Buffer;
}

/** Classes of what succeeded; 0 is no status at all. */
const SUCCESS = '(1, 2, 3)';

export function sumStatement(selection: Selection, edges: Edges): Statement {
  const values = new Parameters();
  const bounds = values.add(edges.map(instant), 'timestamptz[]');
  const columns = (middle: string): string =>
    `${middle} AS middle, ${selection.groupBy ?? 'NULL'} AS value, status_class, ${MEASURES.join(', ')}`;
  const source = [...movedOf(selection, values, columns), waitingOf(selection, values, columns)].join(' UNION ALL ');
  return {
    text: `SELECT width_bucket(middle, ${bounds}) AS bucket, value::text, sum(requests) AS requests,
                  coalesce(sum(requests) FILTER (WHERE status_class NOT IN ${SUCCESS}), 0) AS errors,
                  sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
                  sum(cached_tokens) AS cached_tokens, trunc(sum(cost_usd) * 1000000000) AS cost_nano_usd,
                  ${sentSumOf('latency_hist')} AS latency_hist, ${sentSumOf('ttft_hist')} AS ttft_hist
             FROM (${source}) AS r
            GROUP BY 1, r.value`,
    values: values.list,
  };
}

class Parameters {
  readonly list: unknown[] = [];

  add(value: unknown, type: string): string {
    this.list.push(value);
    return `$${this.list.length}::${type}`;
  }
}

/** What is selected of a row, given what says when it was. */
type Columns = (middle: string) => string;

/**
 * Rows of the smallest level that has what is asked for. Each slice is a query of its own: with
 * a join to a list of them, PostgreSQL would not know which partitions and how many rows they need.
 */
function movedOf(selection: Selection, values: Parameters, columns: Columns): string[] {
  const { slices, filter, groupBy } = selection;
  const dimensions = Object.keys(filter) as Dimension[];
  const level = levelOf(groupBy ? [...dimensions, groupBy] : dimensions);
  return slices.map(({ tier, from, to }) => {
    const half = WIDTH_MS[tier] / 2;
    const range = { from: from - half, to: to - half };
    return `SELECT ${columns(`at + interval '${half} ms'`)} FROM ${tableOf(tier)}
             WHERE level = ${level} AND ${during(range, selection, values)}`;
  });
}

/** What no compaction has moved yet. */
function waitingOf(selection: Selection, values: Parameters, columns: Columns): string {
  const range = { from: selection.slices[0]?.from ?? 0, to: selection.slices.at(-1)?.to ?? 0 };
  return `SELECT ${columns('at')} FROM logs.rollup_deltas WHERE ${during(range, selection, values)}`;
}

function during({ from, to }: Range, { filter }: Selection, values: Parameters): string {
  const range = `at >= ${values.add(instant(from), 'timestamptz')} AND at < ${values.add(instant(to), 'timestamptz')}`;
  const dimensions = Object.keys(filter) as Dimension[];
  return [range, ...dimensions.map((dimension) => `${dimension} = ${anyOf(filter, dimension, values)}`)].join(' AND ');
}

function anyOf(filter: Filter, dimension: Dimension, values: Parameters): string {
  const type = NOTHING[dimension] === '' ? 'text[]' : 'bigint[]';
  return `ANY (${values.add(filter[dimension], type)})`;
}

const instant = (at: number): string => new Date(at).toISOString();
