import type { ObjectLiteral, Repository, SelectQueryBuilder } from 'typeorm';
import { invalidField } from '../common/domain-error.js';
import type { Page } from '../common/page.js';
import type { ListQueryDto } from './list-query.dto.js';

/** What a list of a resource can do. The row is called `r`; every text here is ours, values are bound. */
export interface ListSpec {
  /** Columns that `search` looks into. */
  search: readonly string[];
  /** Name on the wire → SQL to order by. `id` breaks ties. */
  sort: Readonly<Record<string, string>>;
  /** Name on the wire → condition with `:name` for the value. */
  filters: Readonly<Record<string, string>>;
}

const NEWEST_FIRST = '-id';

/** Counting more than these would take longer than all the rest of a list. */
const MOST_COUNTED = 10_000;

/** What lies before a page is walked through. Beyond this the caller has to narrow the list down. */
const DEEPEST = 1_000_000;

export async function findPage<Row extends ObjectLiteral>(
  repository: Repository<Row>,
  spec: ListSpec,
  query: ListQueryDto,
): Promise<Page<Row>> {
  const { page = 1, page_size = 20 } = query;
  const offset = (page - 1) * page_size;
  if (offset + page_size > DEEPEST) {
    throw invalidField('/page', `only the first ${DEEPEST} entries can be paged through; narrow the list down`);
  }
  const all = repository.createQueryBuilder('r');
  applyFilters(all, spec, query);
  const ordered = (rows: SelectQueryBuilder<Row>): SelectQueryBuilder<Row> => inOrder(rows, spec, query);
  // The ids first, so that all before the page are walked through in an index, without their rows.
  const ids = ordered(all.clone()).select('r.id').offset(offset).limit(page_size);
  const rows = repository.createQueryBuilder('r').where(`r.id IN (${ids.getQuery()})`);
  const data = await ordered(rows.setParameters(ids.getParameters())).getMany();
  // The last page tells the number of all.
  const isLast = data.length < page_size && (data.length > 0 || offset === 0);
  const total = isLast ? { total: offset + data.length } : await totalOf(all, offset + data.length);
  return { data, ...total, page, page_size };
}

async function totalOf<Row extends ObjectLiteral>(
  all: SelectQueryBuilder<Row>,
  seen: number,
): Promise<Pick<Page<Row>, 'total' | 'total_is_exact'>> {
  const [some, parameters] = all
    .clone()
    .select('r.id')
    .limit(MOST_COUNTED + 1)
    .getQueryAndParameters();
  const { manager } = all.connection;
  const [counted] = await manager.query<{ total: number }[]>(
    `SELECT count(*)::int AS total FROM (${some}) AS counted`,
    parameters,
  );
  if (counted!.total <= MOST_COUNTED) return { total: counted!.total };
  return { total: Math.max(await estimateOf(all), MOST_COUNTED + 1, seen), total_is_exact: false };
}

/** What the planner takes the number of rows to be. */
async function estimateOf<Row extends ObjectLiteral>(all: SelectQueryBuilder<Row>): Promise<number> {
  const [sql, parameters] = all.clone().select('r.id').getQueryAndParameters();
  const [explained] = await all.connection.manager.query<Explained[]>(`EXPLAIN (FORMAT JSON) ${sql}`, parameters);
  return explained!['QUERY PLAN'][0]!.Plan['Plan Rows'];
}

interface Explained {
  'QUERY PLAN': { Plan: { 'Plan Rows': number } }[];
}

function applyFilters<Row extends ObjectLiteral>(
  builder: SelectQueryBuilder<Row>,
  spec: ListSpec,
  query: ListQueryDto,
): void {
  for (const [name, condition] of Object.entries(spec.filters)) {
    const value = (query as unknown as Record<string, unknown>)[name];
    if (value !== undefined) builder.andWhere(condition, { [name]: value });
  }
  if (query.search && spec.search.length > 0) {
    const anyColumn = spec.search.map((column) => `${column} ILIKE :search`).join(' OR ');
    builder.andWhere(`(${anyColumn})`, { search: `%${escapeLike(query.search)}%` });
  }
}

function inOrder<Row extends ObjectLiteral>(
  builder: SelectQueryBuilder<Row>,
  spec: ListSpec,
  { sort = NEWEST_FIRST }: ListQueryDto,
): SelectQueryBuilder<Row> {
  const [column, direction] = orderOf(spec, sort);
  builder.orderBy(column, direction);
  return column === 'r.id' ? builder : builder.addOrderBy('r.id', direction);
}

/** Only names of the allow-list get here as SQL; anything else is a 400. */
function orderOf(spec: ListSpec, sort: string): [string, 'ASC' | 'DESC'] {
  const allowed: Record<string, string> = { id: 'r.id', ...spec.sort };
  const name = sort.replace(/^-/, '');
  const column = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
  if (!column)
    throw invalidField(
      '/sort',
      `must be one of ${Object.keys(allowed).join(', ')}, with - in front for descending order`,
    );
  return [column, sort.startsWith('-') ? 'DESC' : 'ASC'];
}

const escapeLike = (text: string): string => text.replaceAll(/[\\%_]/g, (character) => `\\${character}`);
