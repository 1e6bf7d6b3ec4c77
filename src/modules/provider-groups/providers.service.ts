import { Injectable } from '@nestjs/common';
import { single } from '../../crud/item-errors.js';
import { assertMayWrite } from '../../common/scopes.js';
import { Outbox } from '../../outbox/outbox.js';
import type { ApiKey } from '../api-keys/api-key.entity.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import type { ProviderGroup } from './provider-group.entity.js';
import { ProviderGroupsService } from './provider-groups.service.js';
import type { CreateProviderDto } from './providers.dto.js';

@Injectable()
export class ProvidersService {
  constructor(
    private readonly outbox: Outbox,
    private readonly groups: ProviderGroupsService,
    private readonly apiKeys: ApiKeysService,
  ) {}

  async create({ api_key: secret, ...input }: CreateProviderDto): Promise<{ group: ProviderGroup; apiKey: ApiKey }> {
    assertMayWrite('api-keys');
    const prepared = await this.groups.prepared(input);
    return this.outbox.write((tx) =>
      single(async () => {
        const [group] = await this.groups.insert(tx, [prepared]);
        const [apiKey] = await this.apiKeys.insert(tx, [{ provider_group_id: group!.id, secret }]);
        return { group: group!, apiKey: apiKey! };
      }),
    );
  }
}
