import type { EntityManager, EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { DomainError, invalidField, pointerStep } from '../common/domain-error.js';
import type { ResourceRow } from '../database/resource-row.js';

type Values = Record<string, unknown>;

/** Inserts in one statement. A field that is absent or null takes its column's default. */
export async function insertRows<Row extends ObjectLiteral>(
  manager: EntityManager,
  metadata: EntityMetadata,
  inputs: object[],
): Promise<Row[]> {
  const values = inputs.map((input) =>
    known(metadata, input as Values, (value) => value !== null && value !== undefined),
  );
  const insert = manager.createQueryBuilder().insert().into(metadata.target).values(values);
  const inserted = await insert.updateEntity(false).returning('*').execute();
  return (inserted.raw as Values[]).map((row) => hydrate(metadata, row) as Row);
}

/** @returns the rows in the order of `ids`; throws `not_found` naming every id that has none */
export async function lockRows<Row extends ResourceRow & ObjectLiteral>(
  manager: EntityManager,
  metadata: EntityMetadata,
  ids: number[],
  resource: string,
): Promise<Row[]> {
  // In the order of ids, so that two batches can't wait for each other in a circle.
  const rows = await manager
    .createQueryBuilder<Row>(metadata.target as never, 'r')
    .where('r.id = ANY (:ids)', { ids })
    .orderBy('r.id')
    .setLock('for_no_key_update')
    .getMany();
  const byId = new Map(rows.map((row) => [row.id, row]));
  const errors = ids.flatMap((id, i) =>
    byId.has(id) ? [] : [{ pointer: `/${i}/id`, message: `No such ${resource}` }],
  );
  if (errors.length > 0) throw new DomainError('not_found', `No such ${resource}`, { errors });
  return ids.map((id) => byId.get(id)!);
}

/**
 * Updates locked rows in one statement, each in the fields that were sent for it and in no other: what was read is less exact
 * than what is stored. `null` sets a column to null, or else to its default.
 */
export async function updateRows<Row extends ResourceRow & ObjectLiteral>(
  manager: EntityManager,
  metadata: EntityMetadata,
  before: Row[],
  changes: object[],
): Promise<Row[]> {
  const given = changes.map((change, i) => cleared(metadata, known(metadata, change as Values, isGiven), i));
  const names = [...new Set(given.flatMap(Object.keys))].filter((name) => name !== 'id');
  if (names.length === 0) return before.map((row) => ({ ...row }));
  const items = before.map(({ id }, i) => ({ ...given[i], id }));
  const table = manager.connection.driver.escape(metadata.tableName);
  const columns = names.map((name) => `"${name}"`).join(', ');
  const rows = await manager.query<Values[]>(
    `WITH updated AS (
       UPDATE ${table} AS t
          SET (${columns}) = (SELECT ${columns} FROM jsonb_populate_record(t, item))
         FROM jsonb_array_elements($1::jsonb) AS item
        WHERE t.id = (item ->> 'id')::bigint
       RETURNING t.*)
     SELECT * FROM updated`,
    [JSON.stringify(items)],
  );
  const byId = new Map(rows.map((row) => [Number(row.id), hydrate(metadata, row) as Row]));
  return before.map(({ id }) => byId.get(id)!);
}

export async function deleteRows(manager: EntityManager, metadata: EntityMetadata, ids: number[]): Promise<void> {
  await manager.createQueryBuilder().delete().from(metadata.target).where('id = ANY (:ids)', { ids }).execute();
}

const isGiven = (value: unknown): boolean => value !== undefined;

/** The fields that are columns: a DTO may carry others, which its service has dealt with. */
function known(metadata: EntityMetadata, values: Values, keep: (value: unknown) => boolean): Values {
  const names = new Set(metadata.columns.map(({ propertyName }) => propertyName));
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => names.has(name) && keep(value)));
}

function cleared(metadata: EntityMetadata, values: Values, index: number): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) =>
      value === null ? [name, emptyValue(metadata.findColumnWithPropertyName(name)!, index)] : [name, value],
    ),
  );
}

function emptyValue(column: ColumnMetadata, index: number): unknown {
  if (column.isNullable) return null;
  if (column.default === undefined)
    throw invalidField(`/${index}${pointerStep(column.propertyName)}`, 'must not be null');
  return column.isArray ? [] : column.default;
}

/** A row as pg hands it over → an entity, by the same transformers that TypeORM's own reads use. */
function hydrate(metadata: EntityMetadata, raw: Values): ObjectLiteral {
  const row = metadata.create() as Values;
  for (const column of metadata.columns) {
    row[column.propertyName] = metadata.connection.driver.prepareHydratedValue(
      raw[column.databaseName],
      column,
    ) as unknown;
  }
  return row;
}
