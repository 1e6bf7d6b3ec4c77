import { normalizeRouteGroup } from './names.js';

/** Where a key says nothing, its master's word counts. */
export interface KeyWithMaster {
  group: string;
  namespaces: string[];
  default_namespace: string;
  master_group: string;
  master_namespaces: string[];
  master_default_namespace: string;
}

export function inheritedFields(key: KeyWithMaster): Pick<KeyWithMaster, 'group' | 'namespaces' | 'default_namespace'> {
  const namespaces = key.namespaces.length > 0 ? key.namespaces : key.master_namespaces;
  // A key that was narrowed to other namespaces must not send bare names to one that it may not use.
  const fromMaster = namespaces.includes(key.master_default_namespace) ? key.master_default_namespace : '';
  return {
    group: normalizeRouteGroup(key.group.trim() || key.master_group),
    namespaces,
    default_namespace: key.default_namespace || fromMaster,
  };
}
