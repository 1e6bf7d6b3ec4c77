/**
 * What the import made, and what it made of the rest.
 * @param {import('./page.mjs').Page} page
 * @param {Awaited<ReturnType<import('./import.mjs').importGateway>>} gateway
 */
export function showGateway(page, { channels, groups, bindings, findings, tenants, notes }) {
  page.table(
    ['provider group', 'type', 'route groups', 'base URL', 'API keys'],
    channels.map((channel, i) => channelRow(channel, groups[i])),
  );
  page.table(['clients write', 'which reads as', 'for route groups', 'served by'], modelRows(bindings, findings));
  page.table(['key', 'master', 'route group', 'state', 'quota', 'models', 'addresses'], tenants.flatMap(tenantRows));
  page.line('  Read differently, or without a counterpart:');
  for (const { subject, remark } of notes) page.line(`  - ${subject}: ${remark}`);
  page.line();
}

function channelRow({ groups: routeGroups, keys }, { name, type, base_url, status }) {
  const states = keys.map((key) => (status === 'disabled' ? status : key.status));
  const counts = [...new Set(states)].map((state) => `${states.filter((other) => other === state).length} ${state}`);
  return [name, type, routeGroups.join(', '), base_url, counts.join(', ')];
}

/** One row for each name that clients write without a namespace. */
function modelRows(bindings, findings) {
  const dotted = new Map(findings.map(({ public_model, warnings }) => [public_model, warnings[0]]));
  const byName = new Map();
  for (const binding of bindings) {
    // An alias serves the name that it spells with its namespace.
    const alias = `${binding.namespace}.${binding.public_model}`;
    const name = dotted.has(alias) ? alias : binding.public_model;
    byName.set(name, [...(byName.get(name) ?? []), binding]);
  }
  return [...byName].map(([name, those]) => [
    name,
    readingOf(dotted.get(name)),
    distinct(those.map(({ route_group }) => route_group)),
    serversOf(name, those),
  ]);
}

function readingOf(warning) {
  if (!warning) return "the key's own namespace";
  const { namespace, public_model } = warning.reads_as;
  return `namespace ${namespace}, model ${public_model}: alias`;
}

function serversOf(name, bindings) {
  const servers = bindings.map(({ provider_group, selector_value }) =>
    selector_value === name ? provider_group : `${provider_group} as ${selector_value}`,
  );
  return distinct(servers);
}

const distinct = (words) => [...new Set(words)].join(', ');

function tenantRows({ master, keys }) {
  if (keys.length === 0) return [['–', master.name, master.group, master.status, '', '', '']];
  return keys.map((key) => [
    key.name,
    master.name,
    key.group || `${master.group} (master's)`,
    stateOf(key, master),
    key.quota_limit === null ? 'none' : `${key.quota_used} of ${key.quota_limit}`,
    key.model_limits_enabled ? `only ${key.model_limits.length}` : 'all',
    key.allow_ips.join(' ') || 'all',
  ]);
}

function stateOf(key, master) {
  const words = [
    key.status === 'active' ? master.status : key.status,
    key.exhausted && 'exhausted',
    key.expired && 'expired',
  ];
  return words.filter(Boolean).join(', ');
}
