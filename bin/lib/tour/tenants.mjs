import { createHash } from 'node:crypto';

import { readToken } from './client-token.mjs';
import { uniqueName } from './names.mjs';
import { FALL_THROUGH, groupOf } from './routes.mjs';

const OF_ALL_MASTERS = [
  'global_qps 3 and max_child_keys 10 are constants of the exporter: no limits here',
  'balances are not in the export',
];
const OF_ALL_KEYS = [
  'scopes are a constant of the exporter, and New API has none: left empty, so that no ability is lost',
  'a token with a channel id behind it (sk-…-7) has a hash of its own that nobody can know: not covered',
  'what keys without a quota have used is not in the export',
];

/**
 * The masters that New API's users become, each with the keys that its tokens become.
 * @param {any} file
 * @param {{ namespaces: Map<string, string>, bindings: import('./routes.mjs').BindingPlan[] }} routes
 * @param {import('./channels.mjs').Note} note
 */
export function planTenants({ data, source }, { namespaces, bindings }, note) {
  const { masters = [] } = data;
  const keys = importable(data.keys ?? [], masters, note);
  if (masters.length > 0) for (const remark of OF_ALL_MASTERS) note('all masters', remark);
  if (keys.length > 0) for (const remark of OF_ALL_KEYS) note('all keys', remark);

  const taken = new Set();
  const exportedAt = Date.parse(source.exported_at);
  const reach = (group) => reachOf(namespaces.get(group), bindings);
  return masters.map((user) => {
    const tokens = keys.filter(({ master_ref }) => master_ref === user.name);
    return tenantOf(user, uniqueName(user.name, taken, user._source_user_id), {
      reach,
      keys: tokens.map((token) => keyOf(token, { reach, exportedAt, note })),
    });
  });
}

function importable(keys, masters, note) {
  const names = new Set(masters.map(({ name }) => name));
  return keys.filter(({ _original_id, original_token, master_ref }) => {
    if (!original_token) note(`token-${_original_id}`, 'its text is not in the export: left out');
    else if (!names.has(master_ref)) note(`token-${_original_id}`, `${master_ref} is not in the export: left out`);
    return original_token && names.has(master_ref);
  });
}

/** The namespace of a group, then the ones in which aliases of its models lie. */
function reachOf(namespace, bindings) {
  const others = bindings.filter(({ route_group }) => route_group === namespace).map((binding) => binding.namespace);
  return [...new Set([namespace, ...others.toSorted()])];
}

function tenantOf(user, name, { reach, keys }) {
  const namespaces = reach(groupOf(user));
  const master = {
    name,
    group: namespaces[0],
    // A key may only name namespaces of its master; New API lets a token have a group that its user has not.
    namespaces: [...new Set([...namespaces, ...keys.flatMap((key) => key.namespaces)])],
    default_namespace: namespaces[0],
    max_child_keys: 0,
    global_qps: 0,
    status: user.status === 'active' ? 'active' : 'suspended',
  };
  return { master, keys };
}

function keyOf(token, { reach, exportedAt, note }) {
  const tell = (text) => note(`token-${token._original_id}`, text);
  const ownGroup = token.group && token.group !== FALL_THROUGH ? token.group : undefined;
  if (token.group === FALL_THROUGH) tell(`group "${FALL_THROUGH}" tries one group after the other: it gets its user's`);
  const namespaces = ownGroup ? reach(ownGroup) : [];
  const { allow_ips = [] } = token;
  return {
    name: `token-${token._original_id}`,
    ...(ownGroup && { group: namespaces[0], default_namespace: namespaces[0] }),
    namespaces,
    ...readToken({ ...token, allow_ips }, exportedAt, tell),
    secrets: clientSecrets(token.original_token),
  };
}

/**
 * What clients send: `sk-` and the token, or the token alone, which New API takes as well.
 * @param {string} token
 */
export function clientSecrets(token) {
  const bare = token.replace(/^sk-/, '');
  // Four characters of a short token would be much of it.
  const shown = bare.length >= 20 ? bare.slice(-4) : '';
  return [
    { token_hash: hashOf(`sk-${bare}`), hint: `sk-…${shown}` },
    { token_hash: hashOf(bare), hint: `…${shown}` },
  ];
}

const hashOf = (text) => createHash('sha256').update(text).digest('hex');
