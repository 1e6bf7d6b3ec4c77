import type { EntityManager } from 'typeorm';
import { lintPublicModel, parseModelRef, type ModelNameWarning } from '../../contract/model-ref.js';
import { resolveUpstream } from '../../contract/selector.js';
import type { CandidateError } from '../../contract/snapshots.js';
import type { Binding } from './binding.entity.js';

/** What a binding comes to, as its provider group is now. */
export interface Resolution {
  error: CandidateError | null;
  error_detail: string | null;
  /** The same for every API key of the group, since models are the group's. */
  upstream_model: string | null;
  /** API keys that can serve. */
  provider_ids: number[];
  warnings: ModelNameWarning[];
}

export type ResolvedBinding = Binding & { resolution: Resolution };

/** Resolves all rows with two questions, however many there are. */
export async function resolveBindings(manager: EntityManager, rows: Binding[]): Promise<ResolvedBinding[]> {
  const groups = await findGroups(manager, rows);
  const namespaces = await findNamespacesReadInto(manager, rows);
  return rows.map((row) =>
    Object.assign(row, {
      resolution: {
        ...resolutionIn(groups.get(row.group_id) ?? GONE, row),
        warnings: lintPublicModel(row.namespace, row.public_model, namespaces),
      },
    }),
  );
}

export interface GroupFacts {
  models: string[];
  /** Active API keys, if the group is active. */
  usable: number[];
}

/** Deleted between the two questions. */
const GONE: GroupFacts = { models: [], usable: [] };

export function resolutionIn({ models, usable }: GroupFacts, row: Binding): Omit<Resolution, 'warnings'> {
  const { public_model: publicModel, ...rest } = row;
  const upstream = resolveUpstream({ ...rest, publicModel, groupModels: models, usableProviderIds: usable });
  return 'error' in upstream
    ? { error: upstream.error, error_detail: upstream.reason, upstream_model: null, provider_ids: usable }
    : { error: null, error_detail: null, upstream_model: upstream.model, provider_ids: usable };
}

async function findGroups(manager: EntityManager, rows: Binding[]): Promise<Map<number, GroupFacts>> {
  // float8, because pg hands bigint over as text.
  const groups = await manager.query<(GroupFacts & { id: number })[]>(
    `SELECT g.id::float8 AS id, g.models,
            ARRAY(SELECT a.id::float8 FROM api_keys a
                   WHERE a.provider_group_id = g.id AND a.status = 'active' AND g.status = 'active' ORDER BY a.id) AS usable
       FROM provider_groups g WHERE g.id = ANY ($1)`,
    [rows.map(({ group_id }) => group_id)],
  );
  return new Map(groups.map((group) => [group.id, group]));
}

/** Of the namespaces that these public models would be read into if a client wrote them bare, those that exist. */
async function findNamespacesReadInto(manager: EntityManager, rows: Binding[]): Promise<Set<string>> {
  const names = rows.flatMap(({ public_model }) => parseModelRef(public_model)?.namespace ?? []);
  if (names.length === 0) return new Set();
  const found = await manager.query<{ name: string }[]>('SELECT name FROM namespaces WHERE name = ANY ($1)', [names]);
  return new Set(found.map(({ name }) => name));
}
