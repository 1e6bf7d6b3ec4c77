import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { checkOutboundUrl } from '../../common/outbound-url.js';
import { Config } from '../../config/config.js';
import { CrudService, type RowChange, type WithId } from '../../crud/crud.service.js';
import { invalidItem, single } from '../../crud/item-errors.js';
import { assertMayWrite } from '../../common/scopes.js';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { BindingsService } from '../bindings/bindings.service.js';
import { ProviderGroup } from './provider-group.entity.js';
import {
  toProviderGroupView,
  type CreateProviderGroupDto,
  type UpdateProviderGroupDto,
} from './provider-groups.dto.js';

@Injectable()
export class ProviderGroupsService extends CrudService<ProviderGroup, CreateProviderGroupDto, UpdateProviderGroupDto> {
  protected readonly resource = 'provider group';
  protected readonly view = toProviderGroupView;
  protected readonly listing = {
    search: ['r.name'],
    sort: { name: 'r.name', type: 'r.type', created_at: 'r.created_at', updated_at: 'r.updated_at' },
    filters: { type: 'r.type = :type', group: 'r.group = :group', status: 'r.status = :status' },
  };

  constructor(
    outbox: Outbox,
    @InjectRepository(ProviderGroup) repository: Repository<ProviderGroup>,
    private readonly config: Config,
    private readonly apiKeys: ApiKeysService,
    private readonly bindings: BindingsService,
  ) {
    super(outbox, repository);
  }

  /** With `cascade` together with all that refers to it; else the constraints refuse a group that is in use. */
  override async remove(id: number, cascade = false): Promise<void> {
    if (cascade) assertMayWrite('api-keys', 'bindings');
    await this.outbox.write((tx) =>
      single(async () => {
        if (cascade) await this.empty(tx, id);
        await this.delete(tx, [id]);
      }),
    );
  }

  override insert(tx: Tx, inputs: CreateProviderGroupDto[]): Promise<ProviderGroup[]> {
    return super.insert(
      tx,
      inputs.map((input, i) => this.withCanonicalUrl(input, i)),
    );
  }

  protected override patch(tx: Tx, changes: WithId<UpdateProviderGroupDto>[]): Promise<ProviderGroup[]> {
    return super.patch(
      tx,
      changes.map((change, i) => this.withCanonicalUrl(change, i)),
    );
  }

  /** A provider carries its group's fields and a binding is resolved in them; a group without either is in Redis nowhere. */
  protected async declare(tx: Tx, changes: RowChange<ProviderGroup>[]): Promise<void> {
    const edited = changes.flatMap(({ before, after }) => (before && after ? after.id : []));
    if (edited.length === 0) return;
    tx.changed('provider', await this.apiKeys.idsOfGroups(tx, edited));
    tx.changed('binding', await this.bindings.fieldsOfGroups(tx, edited));
  }

  private async empty(tx: Tx, id: number): Promise<void> {
    await this.lock(tx.manager, [id]);
    await this.bindings.deleteOfGroup(tx, id);
    await this.apiKeys.deleteOfGroup(tx, id);
  }

  private withCanonicalUrl<Input extends UpdateProviderGroupDto>(input: Input, index: number): Input {
    if (!input.base_url) return input;
    const { allow_http: allowHttp, allow_cidrs: allowCidrs } = this.config.outbound;
    const checked = checkOutboundUrl(input.base_url, { allowHttp, allowCidrs });
    if ('error' in checked) throw invalidItem(index, 'base_url', `base_url ${checked.error}`);
    return { ...input, base_url: checked.url };
  }
}
