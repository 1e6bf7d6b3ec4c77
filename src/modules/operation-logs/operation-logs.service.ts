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
    newest: 'r.id > (SELECT max(id) FROM operation_logs) - :newest',
  },
};

/** What no index finds would be looked for in the whole history. */
const SEARCHED = 500_000;

@Injectable()
export class OperationLogsService {
  constructor(@InjectRepository(OperationLog) private readonly logs: Repository<OperationLog>) {}

  list(query: ListOperationLogsDto): Promise<Page<OperationLog>> {
    const { search, action, from } = query;
    const isSearch = (search ?? action) !== undefined && from === undefined;
    const bounded: ListOperationLogsDto & { newest?: number } = isSearch ? { ...query, newest: SEARCHED } : query;
    return findPage(this.logs, LISTING, bounded);
  }

  async get(id: number): Promise<OperationLog> {
    const log = await this.logs.findOneBy({ id });
    if (!log) throw notFound('operation log');
    return log;
  }
}
