import type { Head } from '../head.js';
import type { Sql } from '../sync-database.js';
import { isNewer } from '../versions.js';
import type { DataPlane } from './ack.js';

export interface DataPlaneLag {
  /** Committed versions that it has not acknowledged; null: the two cannot be compared. */
  versions: number | null;
  /** Age of the oldest of them. */
  ms: number | null;
}

export type PlaneStanding = 'following' | 'outdated' | 'ahead' | 'unknown';

/** Acknowledgements have to be read before the head, or a commit in between looks like a version that nobody committed. */
export function planeStandingOf({ acknowledged }: DataPlane, head: Head): PlaneStanding {
  if (!acknowledged) return 'unknown';
  if (acknowledged.gen === head.gen) return isNewer(acknowledged.version, head.version) ? 'ahead' : 'following';
  return isNewer(acknowledged.gen, head.gen) ? 'ahead' : 'outdated';
}

/**
 * How far each node is behind. The oldest version that it lacks is the one after its own: the operation log has the time at which the
 * transaction of that version began, and where a version has no line there, the touched resource has the time of its seal. Both are of
 * the database's clock, and so is the present.
 */
export async function readLags(sql: Sql, head: Head, nodes: readonly DataPlane[]): Promise<DataPlaneLag[]> {
  const behind = nodes.flatMap((node) =>
    planeStandingOf(node, head) === 'following' && node.acknowledged!.version !== head.version
      ? [node.acknowledged!.version]
      : [],
  );
  const ages = behind.length === 0 ? new Map<string, number>() : await agesAfter(sql, head.gen, [...new Set(behind)]);
  return nodes.map((node) => {
    if (planeStandingOf(node, head) !== 'following') return { versions: null, ms: null };
    const { version } = node.acknowledged!;
    return { versions: Number(BigInt(head.version) - BigInt(version)), ms: ages.get(version) ?? 0 };
  });
}

async function agesAfter(sql: Sql, gen: string, versions: readonly string[]): Promise<Map<string, number>> {
  const rows = await sql.query<{ version: string; ms: number }>(
    `SELECT v.version::text, greatest(0, floor(extract(epoch FROM clock_timestamp() - least(
              (SELECT o.at FROM operation_logs o
                WHERE o.config_version > v.version AND o.gen = $1 ORDER BY o.config_version LIMIT 1),
              (SELECT s.changed_at FROM sync_resource s
                WHERE s.version > v.version ORDER BY s.version LIMIT 1))) * 1000)) AS ms
       FROM unnest($2::bigint[]) AS v (version)`,
    [gen, versions],
  );
  return new Map(rows.map(({ version, ms }) => [version, ms]));
}
