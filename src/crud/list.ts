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

export async function findPage<Row extends ObjectLiteral>(
  repository: Repository<Row>,
  spec: ListSpec,
  query: ListQueryDto,
): Promise<Page<Row>> {
  const { page = 1, page_size = 20 } = query;
  const builder = repository.createQueryBuilder('r');
  applyFilters(builder, spec, query);
  const total = await countOf(builder);
  const [column, direction] = orderOf(spec, query.sort ?? NEWEST_FIRST);
  builder.orderBy(column, direction);
  if (column !== 'r.id') builder.addOrderBy('r.id', direction);
  const data = await builder
    .offset((page - 1) * page_size)
    .limit(page_size)
    .getMany();
  return { data, total, page, page_size };
}

/** TypeORM's own count makes rows distinct, which they are, and takes nearly twice as long for it. */
async function countOf<Row extends ObjectLiteral>(builder: SelectQueryBuilder<Row>): Promise<number> {
  const counted = await builder.clone().select('count(*)::int', 'total').getRawOne<{ total: number }>();
  return counted!.total;
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
