import { applyDecorators, type Type as Class } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayUnique, IsArray, IsIn, IsInt, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { DomainError, invalidField } from '../common/domain-error.js';

const MOST_ITEMS = 1000;

/** A batch in its first form. The second form, `{action, ids, status}`, is turned into this one by `toBatchInput`. */
export interface BatchInput<Create, Update> {
  create: Create[];
  update: (Update & { id: number })[];
  delete: number[];
}

export interface BatchOutcome<Row> {
  created: Row[];
  updated: Row[];
  deleted: number[];
}

class ItemId {
  @ApiProperty({ type: 'integer', minimum: 1, example: 1 })
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  id!: number;
}

const Ids = (example: number[]): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'array',
      items: { type: 'integer', minimum: 1 },
      maxItems: MOST_ITEMS,
      uniqueItems: true,
      example,
    }),
    IsOptional(),
    IsArray(),
    ArrayMaxSize(MOST_ITEMS),
    ArrayUnique(),
    IsInt({ each: true }),
    Min(1, { each: true }),
    Max(Number.MAX_SAFE_INTEGER, { each: true }),
  );

/** Without a choice there is no such field. */
const Choice = (values: readonly string[], description: string): PropertyDecorator =>
  values.length === 0
    ? () => undefined
    : applyDecorators(ApiPropertyOptional({ enum: [...values], description }), IsOptional(), IsIn(values));

/** The part of a batch that is the same for all resources. */
class IdLists {
  @Ids([3])
  delete?: number[];

  @Ids([1, 2])
  ids?: number[];
}

export interface BatchBody<Create, Update> {
  create?: Create[];
  update?: (Update & { id: number })[];
  delete?: number[];
  action?: 'delete' | 'status';
  ids?: number[];
  status?: string;
}

/**
 * The body of `POST /…/batch` for one resource, in both forms. `name` is the resource's, for OpenAPI; a resource without
 * `statuses` has none that could be set.
 */
export function batchOf<Create extends object, Update extends object>(
  name: string,
  create: Class<Create>,
  update: Class<Update>,
  statuses: readonly string[],
): Class<BatchBody<Create, Update>> {
  class Item extends IntersectionType(ItemId, update as Class<object>) {}
  Object.defineProperty(Item, 'name', { value: `${name}BatchItemDto` });

  class Batch extends IdLists implements BatchBody<Create, Update> {
    @ApiPropertyOptional({ type: [create], maxItems: MOST_ITEMS })
    @IsOptional()
    @IsArray()
    @ArrayMaxSize(MOST_ITEMS)
    @ValidateNested({ each: true })
    @Type(() => create)
    create?: Create[];

    @ApiPropertyOptional({ type: [Item], maxItems: MOST_ITEMS })
    @IsOptional()
    @IsArray()
    @ArrayMaxSize(MOST_ITEMS)
    @ValidateNested({ each: true })
    @Type(() => Item)
    update?: (Update & { id: number })[];

    @Choice(statuses.length > 0 ? ['delete', 'status'] : ['delete'], 'Second form: what to do with all of `ids`')
    action?: 'delete' | 'status';

    @Choice(statuses, 'Second form: what all of `ids` become')
    status?: string;
  }
  Object.defineProperty(Batch, 'name', { value: `${name}BatchDto` });
  return Batch;
}

/** Either form → the first one. Throws 400 for a mixture, for nothing at all, and for more than 1,000 items. */
export function toBatchInput<Create, Update>(body: BatchBody<Create, Update>): BatchInput<Create, Update> {
  const input = body.action === undefined ? firstForm(body) : secondForm(body);
  const size = input.create.length + input.update.length + input.delete.length;
  if (size === 0) throw new DomainError('invalid', 'The batch is empty');
  if (size > MOST_ITEMS) throw new DomainError('invalid', `A batch has at most ${MOST_ITEMS} items`);
  const twice = input.update.findIndex(
    ({ id }, i) => input.update.findIndex((other) => other.id === id) < i || input.delete.includes(id),
  );
  if (twice >= 0) throw invalidField(`/update/${twice}/id`, 'is named twice in this batch');
  return input;
}

function firstForm<Create, Update>(body: BatchBody<Create, Update>): BatchInput<Create, Update> {
  if (body.ids !== undefined) throw invalidField('/ids', 'goes with `action`');
  if (body.status !== undefined) throw invalidField('/status', 'goes with `action`');
  return { create: body.create ?? [], update: body.update ?? [], delete: body.delete ?? [] };
}

function secondForm<Create, Update>({
  action,
  ids = [],
  status,
  ...rest
}: BatchBody<Create, Update>): BatchInput<Create, Update> {
  const mixed = (['create', 'update', 'delete'] as const).find((name) => rest[name] !== undefined);
  if (mixed) throw invalidField(`/${mixed}`, 'does not go with `action`');
  if (action === 'delete') return { create: [], update: [], delete: ids };
  if (status === undefined) throw invalidField('/status', 'is required with action `status`');
  return { create: [], update: ids.map((id) => ({ id, status }) as unknown as Update & { id: number }), delete: [] };
}
