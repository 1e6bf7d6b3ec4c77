import { ApiProperty, OmitType, PartialType } from '@nestjs/swagger';
import { batchOf } from '../../crud/batch.dto.js';
import { ChoiceField, NamespaceField, TextField } from '../../crud/fields.js';
import { ListQueryDto } from '../../crud/list-query.dto.js';
import { ResourceView, resourceView } from '../../crud/resource-view.js';
import type { Namespace, NamespaceStatus } from './namespace.entity.js';

const STATUSES = ['active', 'disabled'] as const satisfies readonly NamespaceStatus[];

export class CreateNamespaceDto {
  @NamespaceField({ required: true, example: 'default' })
  name!: string;

  @TextField(1000, { example: 'What everybody may use' })
  description?: string;

  @ChoiceField(STATUSES)
  status?: NamespaceStatus;
}

/** The name is part of every model name that clients write, so it stays. */
export class UpdateNamespaceDto extends PartialType(OmitType(CreateNamespaceDto, ['name'])) {}

export class BatchNamespacesDto extends batchOf('Namespace', CreateNamespaceDto, UpdateNamespaceDto, STATUSES) {}

export class ListNamespacesDto extends ListQueryDto {
  @ChoiceField(STATUSES)
  status?: NamespaceStatus;
}

export class NamespaceView extends ResourceView {
  @ApiProperty({ example: 'default' })
  name!: string;

  @ApiProperty({ example: 'What everybody may use' })
  description!: string;

  @ApiProperty({ enum: STATUSES })
  status!: NamespaceStatus;
}

export function toNamespaceView(row: Namespace): NamespaceView {
  return { ...resourceView(row), name: row.name, description: row.description, status: row.status };
}
