import { readChannels } from './channels.mjs';
import { namespacesOf } from './names.mjs';

/** New API's word for "whichever of my groups has the model": a way to look groups up, and no group. */
export const FALL_THROUGH = 'auto';

/**
 * @typedef {object} BindingPlan
 * @property {string} namespace
 * @property {string} public_model
 * @property {string} provider_group its name, since it has no id yet
 * @property {string} route_group
 * @property {number} weight
 * @property {'exact'} selector_type
 * @property {string} selector_value
 */

/**
 * Who serves which model to whom: channels, the namespace of each group, and a binding for every model of a channel in
 * every group of it. The bindings of the export carry no channel and are usually left out of it, so they are only compared.
 * @param {any} file
 * @param {import('./channels.mjs').Note} note
 */
export function planRoutes(file, note) {
  const channels = readChannels(file, note);
  const { masters = [], keys = [], bindings: exported = [] } = file.data;
  const tokenGroups = keys.map(({ group }) => group).filter((group) => group && group !== FALL_THROUGH);
  const namespaces = namespacesOf([
    ...channels.flatMap(({ groups }) => groups),
    ...masters.map(groupOf),
    ...tokenGroups,
  ]);
  for (const [group, namespace] of namespaces) {
    if (group !== namespace) note(`group "${group}"`, `is namespace and route group ${namespace}`);
  }
  const bindings = channels.flatMap((channel) => bindingsOf(channel, namespaces));
  noteUnserved(exported, bindings, namespaces, note);
  return { channels, namespaces, bindings };
}

/** @param {{ group?: string }} owner */
export const groupOf = ({ group }) => group || 'default';

/** @returns {BindingPlan[]} */
function bindingsOf({ name, groups, models, weight }, namespaces) {
  return groups.flatMap((group) => {
    const namespace = namespaces.get(group);
    return [...models].map(([public_model, upstream]) => ({
      namespace,
      public_model,
      provider_group: name,
      route_group: namespace,
      weight,
      selector_type: 'exact',
      selector_value: upstream,
    }));
  });
}

function noteUnserved(exported, bindings, namespaces, note) {
  const served = new Set(bindings.map(({ namespace, public_model }) => `${namespace}.${public_model}`));
  const names = exported.map(({ namespace, model }) => `${namespaces.get(namespace) ?? namespace}.${model}`);
  for (const name of new Set(names)) {
    if (!served.has(name)) note(name, 'is in the export, but no channel serves it: left out');
  }
}

/**
 * Bindings under which the bare names of dotted models arrive: a bare `gpt-4.1` is read as model `1` of namespace `gpt-4`.
 * Route groups keep the tenants of a shared alias apart.
 * @param {BindingPlan[]} bindings
 * @param {{ namespace: string, public_model: string, warnings: { remedy: { alias?: { namespace: string, public_model: string } } }[] }[]} findings
 * @returns {BindingPlan[]}
 */
export function aliasBindings(bindings, findings) {
  const aliases = new Map(
    findings.flatMap(({ namespace, public_model, warnings }) =>
      warnings.flatMap(({ remedy }) => (remedy.alias ? [[`${namespace}.${public_model}`, remedy.alias]] : [])),
    ),
  );
  const taken = new Set(bindings.map(identity));
  return bindings
    .flatMap((binding) => {
      const alias = aliases.get(`${binding.namespace}.${binding.public_model}`);
      return alias ? [{ ...binding, ...alias }] : [];
    })
    .filter((binding) => !taken.has(identity(binding)) && taken.add(identity(binding)));
}

const identity = ({ namespace, public_model, provider_group, route_group }) =>
  JSON.stringify([namespace, public_model, provider_group, route_group]);
