import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { privateHosts } from '../../common/outbound-lookup.js';
import { checkOutboundUrl, POINTS_INSIDE } from '../../common/outbound-url.js';
import { Config } from '../../config/config.js';
import type { BatchInput, BatchOutcome } from '../../crud/batch.dto.js';
import { CrudService, type RowChange } from '../../crud/crud.service.js';
import { invalidItem, itemOf, single } from '../../crud/item-errors.js';
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

type Batch = BatchInput<CreateProviderGroupDto, UpdateProviderGroupDto>;

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

  override async create(input: CreateProviderGroupDto): Promise<ProviderGroup> {
    return super.create(await this.prepared(input));
  }

  override async update(id: number, changes: UpdateProviderGroupDto): Promise<ProviderGroup> {
    return super.update(id, await this.prepared(changes));
  }

  override async batch({ create, update, delete: ids }: Batch): Promise<BatchOutcome<ProviderGroup>> {
    const [created, updated] = await Promise.all([
      itemOf('/create', create, () => this.withCheckedUrls(create)),
      itemOf('/update', update, () => this.withCheckedUrls(update)),
    ]);
    return super.batch({ create: created, update: updated, delete: ids });
  }

  /** Before the transaction, which must not wait for name servers. */
  async prepared<Input extends UpdateProviderGroupDto>(input: Input): Promise<Input> {
    return (await single(() => this.withCheckedUrls([input])))[0]!;
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

  /** For who writes a group together with something else. */
  override insert(tx: Tx, inputs: CreateProviderGroupDto[]): Promise<ProviderGroup[]> {
    return super.insert(tx, inputs);
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

  private async withCheckedUrls<Input extends UpdateProviderGroupDto>(inputs: Input[]): Promise<Input[]> {
    const checked = inputs.map((input, i) => this.withCanonicalUrl(input, i));
    const hosts = checked.map(({ base_url }) => (base_url ? new URL(base_url).hostname : undefined));
    const isPrivate = await privateHosts(
      hosts.filter((host) => host !== undefined),
      { allowCidrs: this.config.outbound.allow_cidrs },
    );
    const index = hosts.findIndex((host) => host !== undefined && isPrivate.has(host));
    if (index >= 0) throw invalidItem(index, 'base_url', `base_url ${POINTS_INSIDE}`);
    return checked;
  }

  private withCanonicalUrl<Input extends UpdateProviderGroupDto>(input: Input, index: number): Input {
    if (!input.base_url) return input;
    const { allow_http: allowHttp, allow_cidrs: allowCidrs } = this.config.outbound;
    const checked = checkOutboundUrl(input.base_url, { allowHttp, allowCidrs });
    if ('error' in checked) throw invalidItem(index, 'base_url', `base_url ${checked.error}`);
    return { ...input, base_url: checked.url };
  }
}
