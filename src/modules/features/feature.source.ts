import { encodeFeature } from '../../contract/snapshots.js';

interface FeatureRow {
  id: number | null;
  value: unknown;
}

export const featureSource = {
  sql: `
    SELECT s.ref, s.version::text AS version, s.attempts, f.id, f.value
      FROM picked s LEFT JOIN features f ON f.name = s.ref`,

  image: ({ id, value }: FeatureRow) => ({ field: id === null ? undefined : encodeFeature(value) }),
};
