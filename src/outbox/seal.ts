import type { EntityManager } from 'typeorm';
import { currentActor, requestContext, type Receipt } from '../common/request-context.js';
import type { Declarations, Tx } from './tx.js';

/** Channel on which the other replicas hear of a commit; payload `{gen}.{version}`. */
export const CONFIG_CHANNEL = 'ez_config';

interface Sealed extends Receipt {
  at: Date;
}

/**
 * Ends a configuration transaction in one statement: takes the next version, and writes with it the touched resources, the
 * versions of the rows, the operation log and the notification.
 *
 * The row of `sync_head` is locked from here to the COMMIT that must follow at once. That makes versions gapless and in commit
 * order, and it is why nothing else may run in between, and why the COMMIT doesn't wait for the disk: see `Outbox`.
 */
export async function seal(tx: Tx): Promise<Receipt> {
  const declared = tx.declarations();
  const [sealed] = await run(tx.manager, declared);
  for (const rows of declared.stamped.values()) {
    for (const row of rows) Object.assign(row, { version: sealed!.version, updated_at: sealed!.at });
  }
  return { gen: sealed!.gen, version: sealed!.version };
}

async function run(manager: EntityManager, { touched, stamped, operations }: Declarations): Promise<Sealed[]> {
  const kinds: string[] = [];
  const refs: string[] = [];
  const deleted: boolean[] = [];
  for (const [kind, ofKind] of touched) {
    for (const [ref, isDeleted] of ofKind) {
      kinds.push(kind);
      refs.push(ref);
      deleted.push(isDeleted);
    }
  }
  const parameters: unknown[] = [kinds, refs, deleted, JSON.stringify(operations), ...origin()];
  const stamps = [...stamped].map(([table, rows], i) => {
    parameters.push([...rows].map(({ id }) => id));
    return `stamp_${i} AS (UPDATE "${table}" SET version = head.version, updated_at = now()
                             FROM head WHERE id = ANY ($${parameters.length}::bigint[])),`;
  });
  return manager.query<Sealed[]>(statement(stamps), parameters);
}

function origin(): string[] {
  const actor = currentActor();
  const context = requestContext();
  return [actor.type, actor.id, actor.name, context?.ip ?? '', context?.request_id ?? ''];
}

const statement = (stamps: string[]): string => `
  WITH head AS (
    UPDATE sync_head SET version = version + 1 RETURNING gen, version
  ), touched AS (
    INSERT INTO sync_resource (kind, ref, version, deleted)
    SELECT t.kind, t.ref, head.version, t.deleted
      FROM head, unnest($1::text[], $2::text[], $3::boolean[]) AS t (kind, ref, deleted)
        ON CONFLICT (kind, ref) DO UPDATE
       SET version = EXCLUDED.version, deleted = EXCLUDED.deleted, changed_at = EXCLUDED.changed_at,
           attempts = 0, last_error = NULL, quarantined_at = NULL
  ), logged AS (
    INSERT INTO operation_logs (actor_type, actor_id, actor_name, ip, request_id,
                                action, resource, resource_id, before, after, gen, config_version)
    SELECT $5, $6, $7, $8, $9, o.action, o.resource, o.resource_id, o.before,
           o.after || jsonb_build_object('version', head.version::text, 'updated_at', now()), head.gen, head.version
      FROM head, jsonb_to_recordset($4::jsonb)
           AS o (action text, resource text, resource_id bigint, before jsonb, after jsonb)
  ), ${stamps.join('\n  ')}
  done AS (SELECT pg_notify('${CONFIG_CHANNEL}', gen || '.' || version), set_config('synchronous_commit', 'off', true) FROM head)
  SELECT head.gen::text, head.version::text, now() AS at FROM head, done`;
