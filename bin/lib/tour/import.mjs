import { createHash } from 'node:crypto';

import { aliasBindings, planRoutes } from './routes.mjs';
import { planTenants } from './tenants.mjs';

/**
 * Builds the gateway that an export of New API describes, through the admin API. Whatever is interrupted can be run again:
 * the same export sends the same requests under the same idempotency keys, and what has happened does not happen twice.
 * @param {import('./admin-api.mjs').AdminApi} api
 * @param {string} text the export
 */
export async function importGateway(api, text) {
  const file = JSON.parse(text);
  const notes = [];
  const note = (subject, remark) => notes.push({ subject, remark });
  const attempt = `import:${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;

  const routes = planRoutes(file, note);
  const { bindings, ...created } = await createRoutes(api, routes, attempt);
  const planned = planTenants(file, { ...routes, bindings }, note);
  const tenants = await createTenants(api, planned, attempt);
  return { channels: routes.channels, bindings, ...created, tenants, notes };
}

async function createRoutes(api, { channels, namespaces, bindings }, attempt) {
  const names = [...namespaces.values()];
  await api.createAll(
    '/admin/namespaces',
    names.map((name) => ({ name })),
    attempt,
  );
  const groups = await api.createAll(
    '/admin/provider-groups',
    channels.map((channel) => groupBody(channel, namespaces)),
    attempt,
  );
  const ids = new Map(groups.map(({ name, id }) => [name, id]));
  await api.createAll(
    '/admin/api-keys',
    channels.flatMap((channel) => apiKeyBodies(channel, ids.get(channel.name))),
    attempt,
  );

  const withId = ({ provider_group, ...binding }) => ({ ...binding, group_id: ids.get(provider_group) });
  const created = await api.createAll('/admin/bindings', bindings.map(withId), attempt);
  const findings = created.filter(({ warnings }) => warnings.length > 0);
  const aliases = aliasBindings(bindings, findings);
  const aliasNames = new Set(aliases.map(({ namespace }) => namespace).filter((name) => !names.includes(name)));
  await api.createAll('/admin/namespaces', [...aliasNames].map(aliasNamespace), `${attempt}:aliases`);
  const createdAliases = await api.createAll('/admin/bindings', aliases.map(withId), `${attempt}:aliases`);
  const unserved = [...created, ...createdAliases].filter(({ error }) => error !== null);
  return { groups, bindings: [...bindings, ...aliases], findings, unserved };
}

const aliasNamespace = (name) => ({ name, description: 'Where the bare names of models with a dot arrive' });

function groupBody({ name, type, base_url, google_project, google_location, status, models, groups }, namespaces) {
  const group = namespaces.get(groups[0]);
  return {
    name,
    type,
    base_url,
    google_project,
    google_location,
    status,
    group,
    models: [...new Set(models.values())],
  };
}

function apiKeyBodies({ keys, auto_ban }, provider_group_id) {
  return keys.map(({ index, secret, status }) => ({
    provider_group_id,
    name: `key-${index}`,
    secret,
    status,
    auto_ban,
  }));
}

/** @returns {Promise<{ master: any, keys: any[] }[]>} */
async function createTenants(api, planned, attempt) {
  const masters = await api.createAll(
    '/admin/masters',
    planned.map(({ master }) => master),
    attempt,
  );
  const tenants = [];
  for (const [i, master] of masters.entries()) {
    const keys = await api.createAll(`/admin/masters/${master.id}/keys`, planned[i].keys, attempt);
    tenants.push({ master, keys });
  }
  return tenants;
}
