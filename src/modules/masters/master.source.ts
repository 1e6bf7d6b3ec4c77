import { masterHash, type MasterFacts } from './master.projection.js';

interface MasterRow extends MasterFacts {
  id: number | null;
  version: string;
}

export const masterSource = {
  sql: `
    SELECT s.ref, s.version::text AS version, s.attempts,
           m.id, m.status, m.epoch, m."group", m.global_qps, m.max_child_keys, m.namespaces, m.default_namespace
      FROM picked s LEFT JOIN masters m ON m.id = s.ref::bigint`,

  image: (row: MasterRow) => ({ record: row.id === null ? undefined : masterHash(row, row.version) }),
};
