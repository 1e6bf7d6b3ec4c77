import { KeyRing } from '../../common/envelope.js';
import { secretAad } from './api-key-secrets.js';
import { providerPayload, type ProviderFacts } from './provider.projection.js';

type ProviderRow = Omit<ProviderFacts, 'id'> & { id: number | null; secret: string };

/** `atRest` opens what PostgreSQL holds. With `inRedis`, balancers get it sealed again, for keys that they hold too. */
export const providerSource = (atRest: KeyRing, inRedis: KeyRing | undefined) => ({
  sql: `
    SELECT s.ref, s.version::text AS version, s.attempts,
           a.id, a.weight, a.status, a.auto_ban, a.ban_until, a.provider_group_id, a.secret,
           g.name AS group_name, g.type AS group_type, g.base_url AS group_base_url, g.google_project AS group_google_project,
           g.google_location AS group_google_location, g."group" AS route_group, g.models AS group_models,
           g.status AS group_status
      FROM picked s
      LEFT JOIN api_keys a ON a.id = s.ref::bigint
      LEFT JOIN provider_groups g ON g.id = a.provider_group_id`,

  image: ({ id, ...row }: ProviderRow) => {
    if (id === null) return { field: undefined };
    const secret = atRest.open(row.secret, secretAad(id));
    return { field: providerPayload({ ...row, id }, inRedis?.seal(secret, redisAad(id)) ?? secret) };
  },

  /** Sealing gives another text each time: what was sealed is compared. */
  isSame: (a: string, b: string): boolean =>
    inRedis !== undefined && withOpenSecret(a, inRedis) === withOpenSecret(b, inRedis),
});

const redisAad = (id: number): string => `provider:${id}:api_key`;

function withOpenSecret(payload: string, keys: KeyRing): string {
  try {
    const facts = JSON.parse(payload) as { id: number; api_key: string };
    return JSON.stringify({ ...facts, api_key: keys.open(facts.api_key, redisAad(facts.id)) });
  } catch {
    return payload;
  }
}
