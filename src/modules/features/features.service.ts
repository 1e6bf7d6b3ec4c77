import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { CrudService, type RowChange } from '../../crud/crud.service.js';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { Feature } from './feature.entity.js';
import { toFeatureView, type CreateFeatureDto, type UpdateFeatureDto } from './features.dto.js';

@Injectable()
export class FeaturesService extends CrudService<Feature, CreateFeatureDto, UpdateFeatureDto> {
  protected readonly resource = 'feature';
  protected readonly view = toFeatureView;
  protected readonly listing = {
    search: ['r.name', 'r.description'],
    sort: { name: 'r.name', created_at: 'r.created_at', updated_at: 'r.updated_at' },
    filters: {},
  };

  constructor(outbox: Outbox, @InjectRepository(Feature) repository: Repository<Feature>) {
    super(outbox, repository);
  }

  protected declare(tx: Tx, changes: RowChange<Feature>[]): void {
    tx.removed(
      'feature',
      changes.flatMap(({ before }) => before?.name ?? []),
    );
    tx.changed(
      'feature',
      changes.flatMap(({ after }) => after?.name ?? []),
    );
  }
}
