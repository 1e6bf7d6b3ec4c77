import { masterRecord, type MasterRecord } from '../../contract/hash-records.js';
import { normalizeRouteGroup } from '../../contract/names.js';
import type { Master } from './master.entity.js';

export type MasterFacts = Pick<
  Master,
  'status' | 'epoch' | 'group' | 'global_qps' | 'max_child_keys' | 'namespaces' | 'default_namespace'
>;

/** What `auth:master:{id}` says as of `version`. */
export const masterHash = (master: MasterFacts, version: string): MasterRecord =>
  masterRecord({ ...master, group: normalizeRouteGroup(master.group) }, version);
