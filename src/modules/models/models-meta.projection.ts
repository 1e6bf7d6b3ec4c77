import { modelsMeta, type ModelsMeta } from '../../contract/hash-records.js';
import { modelPayload, type ModelFacts } from './model.projection.js';

export interface ModelsMetaFacts {
  version: string;
  /** Unix seconds. */
  changed_at: number;
  models: ModelFacts[];
}

/** What balancers compare with the `meta:models` that they hold. */
export function modelsMetaRecord({ version, changed_at, models }: ModelsMetaFacts): ModelsMeta {
  const payloads = models.flatMap((model): [string, string][] => {
    const payload = modelPayload(model);
    return payload === undefined ? [] : [[model.name, payload]];
  });
  return modelsMeta({
    version,
    updated_at: changed_at,
    source: models.some(({ source }) => source === 'registry') ? 'registry' : 'manual',
    models: new Map(payloads),
  });
}
