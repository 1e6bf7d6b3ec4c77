import { bindingPayload, type BindingsFacts } from './binding.projection.js';

type BindingsRow = Omit<BindingsFacts, 'rows'> & { rows: BindingsFacts['rows'] | null };

/** A namespace has no dot, so the first one ends it. */
export const bindingSource = {
  sql: `
    SELECT s.ref, s.version::text AS version, s.attempts, floor(extract(epoch FROM s.changed_at))::bigint AS changed_at,
           named.namespace, named.public_model, n.status AS namespace_status, bound.rows
      FROM picked s
     CROSS JOIN LATERAL (SELECT split_part(s.ref, '.', 1) AS namespace,
                                substr(s.ref, strpos(s.ref, '.') + 1) AS public_model) named
      LEFT JOIN namespaces n ON n.name = named.namespace
      LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object(
                 'group_id', b.group_id, 'route_group', b.route_group, 'weight', b.weight, 'status', b.status,
                 'selector_type', b.selector_type, 'selector_value', b.selector_value, 'models', g.models,
                 'usable', ARRAY(SELECT a.id FROM api_keys a
                                  WHERE a.provider_group_id = g.id AND a.status = 'active' AND g.status = 'active'))) AS rows
          FROM bindings b JOIN provider_groups g ON g.id = b.group_id
         WHERE b.namespace = named.namespace AND b.public_model = named.public_model) bound ON true`,

  image: ({ rows, ...facts }: BindingsRow) => ({
    field: rows === null ? undefined : bindingPayload({ ...facts, rows }),
  }),
};
