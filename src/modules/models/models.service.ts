import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { redisKeys } from '../../contract/redis-keys.js';
import { CrudService, type RowChange } from '../../crud/crud.service.js';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { Model } from './model.entity.js';
import { toModelView, type CreateModelDto, type UpdateModelDto } from './models.dto.js';

@Injectable()
export class ModelsService extends CrudService<Model, CreateModelDto, UpdateModelDto> {
  protected readonly resource = 'model';
  protected readonly view = toModelView;
  protected readonly listing = {
    search: ['r.name'],
    sort: {
      name: 'r.name',
      created_at: 'r.created_at',
      updated_at: 'r.updated_at',
      context_window: 'r.context_window',
    },
    filters: { status: 'r.status = :status', kind: 'r.kind = :kind', source: 'r.source = :source' },
  };

  constructor(outbox: Outbox, @InjectRepository(Model) repository: Repository<Model>) {
    super(outbox, repository);
  }

  protected declare(tx: Tx, changes: RowChange<Model>[]): void {
    tx.removed(
      'model',
      changes.flatMap(({ before }) => before?.name ?? []),
    );
    tx.changed(
      'model',
      changes.flatMap(({ after }) => after?.name ?? []),
    );
    tx.changed('models_meta', [redisKeys.modelsMeta]);
  }
}
