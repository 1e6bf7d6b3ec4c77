import { createHash } from 'node:crypto';
import type { IssuedKeyView } from '../../src/modules/keys/key.view.js';
import type { IssuedMasterView } from '../../src/modules/masters/masters.dto.js';
import type { TestApp } from './app.js';

/** A view as it comes over the wire. */
type Json<T> = T extends Date ? string : T extends object ? { [Field in keyof T]: Json<T[Field]> } : T;

export type MasterBody = Json<IssuedMasterView> & { master_key: string };
export type KeyBody = Json<IssuedKeyView> & { token: string };

let count = 0;

/** A name that no other row of this run has. */
export const unused = (prefix: string): string => `${prefix}-${process.pid}-${++count}`;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A namespace that exists. */
export async function aNamespace({ admin }: TestApp): Promise<string> {
  const name = unused('ns');
  await created(admin.post('/admin/namespaces', { name }));
  return name;
}

export const aMaster = ({ admin }: TestApp, fields: object = {}): Promise<MasterBody> =>
  created(admin.post('/admin/masters', { name: unused('master'), ...fields }));

export const aKey = ({ admin }: TestApp, masterId: number, fields: object = {}): Promise<KeyBody> =>
  created(admin.post(`/admin/masters/${masterId}/keys`, { name: unused('key'), ...fields }));

/** What a test is not about has to work for it to mean anything. */
async function created<Body>(answer: Promise<{ status: number; body: Body }>): Promise<Body> {
  const { status, body } = await answer;
  if (status !== 201) throw new Error(`could not be made: ${status} ${JSON.stringify(body)}`);
  return body;
}
