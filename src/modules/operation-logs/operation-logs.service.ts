import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { notFound } from '../../common/domain-error.js';
import type { Page } from '../../common/page.js';
import { findPage } from '../../crud/list.js';
import { OperationLog } from './operation-log.entity.js';
import type { ListOperationLogsDto } from './operation-logs.dto.js';

/** Newest first is by id: ids are drawn inside the transaction that holds the head, so they follow the versions. */
const LISTING = {
  search: ['r.actor_name', 'r.action', 'r.resource'],
  sort: { at: 'r.id' },
  filters: {
    resource: 'r.resource = :resource',
    resource_id: 'r.resource_id = :resource_id',
    action: 'r.action = :action',
    actor_type: 'r.actor_type = :actor_type',
    actor_id: 'r.actor_id = :actor_id',
    request_id: `r.request_id = :request_id AND r.request_id <> ''`,
    config_version: 'r.config_version = :config_version',
    from: 'r.at >= :from',
    to: 'r.at < :to',
  },
};

@Injectable()
export class OperationLogsService {
  constructor(@InjectRepository(OperationLog) private readonly logs: Repository<OperationLog>) {}

  list(query: ListOperationLogsDto): Promise<Page<OperationLog>> {
    return findPage(this.logs, LISTING, query);
  }

  async get(id: number): Promise<OperationLog> {
    const log = await this.logs.findOneBy({ id });
    if (!log) throw notFound('operation log');
    return log;
  }
}
