import { createHash } from 'node:crypto';
import type { IssuedKeyView } from '../../src/modules/keys/key.view.js';
import type { IssuedMasterView } from '../../src/modules/masters/masters.dto.js';
import type { Http, Json } from './http.js';

/** A view as it comes over the wire. */
type Wire<T> = T extends Date ? string : T extends object ? { [Field in keyof T]: Wire<T[Field]> } : T;

export type MasterBody = Wire<IssuedMasterView> & { master_key: string };
export type KeyBody = Wire<IssuedKeyView> & { token: string };

let count = 0;

/** A name that no other test uses. */
export const unused = (word: string): string => `${word}-${++count}`;

export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Whoever is served: an application of this process, or one of its own. */
interface Served {
  admin: Http;
}

/** The name of a namespace that exists. */
export async function aNamespace(app: Served): Promise<string> {
  const name = unused('ns');
  await created(app, '/admin/namespaces', { name });
  return name;
}

export const aMaster = (app: Served, fields: object = {}): Promise<MasterBody> =>
  created(app, '/admin/masters', { name: unused('master'), ...fields });

export const aKey = (app: Served, masterId: number, fields: object = {}): Promise<KeyBody> =>
  created(app, `/admin/masters/${masterId}/keys`, { name: unused('key'), ...fields });

export const aProviderGroup = (app: Served, fields: object = {}): Promise<Json> =>
  created(app, '/admin/provider-groups', { name: unused('group'), type: 'openai', models: ['gpt-4o'], ...fields });

export const anApiKey = (app: Served, groupId: number, fields: object = {}): Promise<Json> =>
  created(app, '/admin/api-keys', {
    provider_group_id: groupId,
    name: unused('api-key'),
    secret: 'sk-upstream-secret',
    ...fields,
  });

/** One of each kind. */
export async function aGateway(
  app: Served,
): Promise<Record<'master' | 'key' | 'apiKey' | 'model' | 'feature', Json> & { namespace: string }> {
  const namespace = await aNamespace(app);
  const master = await aMaster(app, { namespaces: [namespace] });
  const key = await aKey(app, master.id, { allow_ips: ['10.0.0.1'] });
  const group = await aProviderGroup(app);
  const apiKey = await anApiKey(app, group.id);
  await created(app, '/admin/bindings', { namespace, public_model: 'gpt-4o', group_id: group.id });
  const model = await created(app, '/admin/models', { name: `${namespace}.gpt-4o` });
  const feature = await created(app, '/admin/features', { name: unused('feature'), value: { on: true } });
  return { namespace, master, key, apiKey, model, feature };
}

/** The resource. What a test is not about has to work for it to mean anything. */
export async function created({ admin }: Served, path: string, body: object): Promise<Json> {
  const answer = await admin.post(path, body);
  if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
