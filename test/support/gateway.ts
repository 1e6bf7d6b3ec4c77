import { createHash } from 'node:crypto';
import type { Http, Json } from './http.js';

let count = 0;

/** A name that no other test uses. */
export const unused = (word: string): string => `${word}-${++count}`;

export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Whoever is served: an application of this process, or one of its own. */
interface Served {
  admin: Http;
}

export async function aNamespace(app: Served): Promise<string> {
  const name = unused('ns');
  await created(app, '/admin/namespaces', { name });
  return name;
}

export const aMaster = (app: Served, fields: object = {}): Promise<Json> =>
  created(app, '/admin/masters', { name: unused('master'), ...fields });

export const aKey = (app: Served, masterId: number, fields: object = {}): Promise<Json> =>
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

/** The resource. What a test is not about has to work for it to mean anything. */
export async function created({ admin }: Served, path: string, body: object): Promise<Json> {
  const answer = await admin.post(path, body);
  if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
