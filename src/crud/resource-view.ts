import { type Type as Class } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { Page } from '../common/page.js';
import type { ResourceRow } from '../database/resource-row.js';
import type { BatchOutcome } from './batch.dto.js';

/** What every resource shows. */
export class ResourceView {
  @ApiProperty({ type: 'integer', example: 1 })
  id!: number;

  @ApiProperty({
    type: String,
    pattern: '^\\d+$',
    example: '42',
    description: 'Configuration version that last changed it; also its ETag',
  })
  version!: string;

  @ApiProperty()
  created_at!: Date;

  @ApiProperty()
  updated_at!: Date;
}

export const resourceView = ({ id, version, created_at, updated_at }: ResourceRow): Plain<ResourceView> => ({
  id,
  version,
  created_at,
  updated_at,
});

/** The fields without the class, so that they can be spread. */
type Plain<T> = Pick<T, keyof T>;

export const pageView = <Row, View>(page: Page<Row>, toView: (row: Row) => View): Page<View> => ({
  ...page,
  data: page.data.map(toView),
});

export interface BatchView<View> {
  created: View[];
  updated: View[];
  deleted: number[];
}

export const batchView = <Row, View>(outcome: BatchOutcome<Row>, toView: (row: Row) => View): BatchView<View> => ({
  created: outcome.created.map(toView),
  updated: outcome.updated.map(toView),
  deleted: outcome.deleted,
});

/** The answer of `POST /…/batch` for one resource, for OpenAPI. */
export function batchViewOf<View extends object>(view: Class<View>): Class<BatchView<View>> {
  class Outcome implements BatchView<View> {
    @ApiProperty({ type: [view] })
    created!: View[];

    @ApiProperty({ type: [view] })
    updated!: View[];

    @ApiProperty({ type: 'array', items: { type: 'integer' }, example: [3] })
    deleted!: number[];
  }
  Object.defineProperty(Outcome, 'name', { value: `${view.name.replace(/View$/, '')}BatchView` });
  return Outcome;
}
