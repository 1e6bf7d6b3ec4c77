import { encodeNamespace } from '../../contract/snapshots.js';
import type { Namespace } from './namespace.entity.js';

interface NamespaceRow extends Pick<Namespace, 'name' | 'status' | 'description'> {
  id: number | null;
}

export const namespaceSource = {
  sql: `
    SELECT s.ref, s.version::text AS version, s.attempts, n.id, n.name, n.status, n.description
      FROM picked s LEFT JOIN namespaces n ON n.name = s.ref`,

  image: (row: NamespaceRow) => ({ field: row.id === null ? undefined : encodeNamespace(row) }),
};
