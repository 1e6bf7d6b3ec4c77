import { unixSeconds } from '../../common/time.js';
import { googleLocation, normalizeProviderType } from '../../contract/names.js';
import { encodeProvider } from '../../contract/snapshots.js';
import type { ProviderGroup } from '../provider-groups/provider-group.entity.js';
import type { ApiKey } from './api-key.entity.js';

type GroupFacts = Pick<
  ProviderGroup,
  'name' | 'type' | 'base_url' | 'google_project' | 'google_location' | 'group' | 'models'
>;

/** An API key with the provider group it belongs to. */
export type ProviderFacts = Pick<
  ApiKey,
  'id' | 'weight' | 'status' | 'auto_ban' | 'ban_until' | 'provider_group_id'
> & {
  group_status: ProviderGroup['status'];
} & { [F in keyof GroupFacts as F extends 'group' ? 'route_group' : `group_${F}`]: GroupFacts[F] };

/** What `config:providers` says of one API key. `apiKey` is its secret as balancers are to read it. */
export function providerPayload(facts: ProviderFacts, apiKey: string): string {
  const type = normalizeProviderType(facts.group_type);
  if (!type) throw new RangeError(`No balancer knows the provider type "${facts.group_type}"`);
  return encodeProvider({
    id: facts.id,
    name: `${facts.group_name}#${facts.id}`,
    type,
    base_url: facts.group_base_url,
    api_key: apiKey,
    google_project: facts.group_google_project,
    google_location: googleLocation(type, facts.group_google_location),
    group_id: facts.provider_group_id,
    group: facts.route_group,
    models: facts.group_models,
    status: facts.group_status === 'disabled' ? 'disabled' : facts.status,
    auto_ban: facts.auto_ban,
    weight: facts.weight,
    ban_until: facts.ban_until === null ? undefined : unixSeconds(facts.ban_until),
  });
}
