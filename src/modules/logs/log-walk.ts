import type { Position } from './log-cursor.js';

/** What may be asked of the records; all of it has to be true. */
export interface LogFilters {
  master_id?: number;
  key_id?: number;
  provider_id?: number;
  group_id?: number;
  namespace?: string;
  model?: string;
  status?: number;
  status_class?: string;
  request_id?: string;
  error?: string;
  from?: string;
  to?: string;
}

export interface Step {
  /** Go on behind this one. */
  after: Position;
  /** Records to look at, at most. */
  budget: number;
  /** Records to find, at most. */
  wanted: number;
}

export interface Statement {
  text: string;
  values: unknown[];
}

/**
 * One step of a walk along the index that leads closest to what is asked for: newest first, it looks at no more than `budget`
 * records, and answers those that fit (`hit`) and the last one that it saw, from where the next step goes on. So the work of a
 * statement is bounded whatever is asked for and however rare it is.
 *
 * The conditions are on whole rows of the index, and the order names all its columns: no other index can give that, so the
 * planner can't be misled by a tenant who was busy once and is no more.
 */
export function walkStep(filters: LogFilters, { after, budget, wanted }: Step): Statement {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const { column, isFailed } = pathOf(filters);
  const order = [...(column ? [column] : []), 'at', 'id'];
  const prefix = column ? `${bind(filters[column])}, ` : '';
  const until = bind(new Date(after.at));
  const from = bind(filters.from ?? EPOCH);
  const descending = order.map((name) => `${name} DESC`).join(', ');
  const text = `
    SELECT * FROM (
      SELECT step.*, row_number() OVER () AS n, (${conditions(filters, bind)}) AS hit FROM (
        SELECT * FROM logs.records
         WHERE (${order.join(', ')}) < (${prefix}${until}, ${bind(after.id)})
           AND (${order.join(', ')}) >= (${prefix}${from}, 0)
           AND at <= ${until} AND at >= ${from}${isFailed ? ` AND (${FAILED})` : ''}${scope(filters, column, bind)}
         ORDER BY ${descending} LIMIT ${bind(budget)}
      ) step
    ) seen
    WHERE hit OR n = ${bind(budget)}
    ORDER BY ${descending} LIMIT ${bind(wanted)}`;
  return { text, values };
}

const EPOCH = '1970-01-01T00:00:00Z';

/** As the partial indexes have it. */
const FAILED = 'status_code >= 400 OR error_code IS NOT NULL OR error_message IS NOT NULL';

interface Path {
  column?: 'request_id' | 'key_id' | 'master_id' | 'provider_id' | 'model';
  isFailed: boolean;
}

/** Which index to walk: of those that there are, the one with the fewest records on the way. */
function pathOf(filters: LogFilters): Path {
  if (filters.request_id !== undefined) return { column: 'request_id', isFailed: false };
  if (filters.key_id !== undefined) return { column: 'key_id', isFailed: false };
  const isFailed =
    filters.error !== undefined || (filters.status ?? 0) >= 400 || /^[45]/.test(filters.status_class ?? '');
  if (filters.master_id !== undefined) return { column: 'master_id', isFailed };
  if (isFailed) return { isFailed };
  if (filters.provider_id !== undefined) return { column: 'provider_id', isFailed };
  return filters.model === undefined ? { isFailed } : { column: 'model', isFailed };
}

type Bind = (value: unknown) => string;

/** Nothing of another tenant is even looked at. */
const scope = ({ master_id }: LogFilters, column: Path['column'], bind: Bind): string =>
  master_id === undefined || column === 'master_id' ? '' : ` AND master_id = ${bind(master_id)}`;

const EQUAL = ['key_id', 'provider_id', 'group_id', 'namespace', 'model', 'request_id'] as const;

function conditions(filters: LogFilters, bind: Bind): string {
  const all = EQUAL.filter((name) => filters[name] !== undefined).map((name) => `${name} = ${bind(filters[name])}`);
  if (filters.status !== undefined) all.push(`status_code = ${bind(filters.status)}`);
  if (filters.status_class !== undefined) all.push(`status_code / 100 = ${bind(Number(filters.status_class[0]))}`);
  if (filters.error !== undefined) {
    const text = bind(filters.error);
    all.push(`(error_code = ${text} OR strpos(lower(error_message), lower(${text})) > 0)`);
  }
  return all.length > 0 ? all.join(' AND ') : 'true';
}
