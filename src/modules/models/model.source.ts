import { modelPayload, type ModelFacts } from './model.projection.js';
import { modelsMetaRecord, type ModelsMetaFacts } from './models-meta.projection.js';

const MODEL_COLUMNS = `
  m.name, m.kind, m.context_window, m.max_output_tokens, m.cost_per_token, m.supports_vision, m.supports_functions,
  m.supports_tool_choice, m.supports_fim, m.supports_stream, m.source, m.status`;

export const modelSource = {
  sql: `
    SELECT s.ref, s.version::text AS version, s.attempts, m.id, ${MODEL_COLUMNS}
      FROM picked s LEFT JOIN models m ON m.name = s.ref`,

  image: (row: ModelFacts & { id: number | null }) => ({ field: row.id === null ? undefined : modelPayload(row) }),
};

/** One resource made of all models: whoever writes a model touches it too. */
export const modelsMetaSource = {
  sql: `
    SELECT s.ref, s.version::text AS version, s.attempts, floor(extract(epoch FROM s.changed_at))::bigint AS changed_at,
           (SELECT coalesce(json_agg(active), '[]')
              FROM (SELECT ${MODEL_COLUMNS} FROM models m WHERE m.status = 'active') active) AS models
      FROM picked s`,

  image: (row: ModelsMetaFacts) => ({ record: { ...modelsMetaRecord(row), ver: row.version } }),
};
