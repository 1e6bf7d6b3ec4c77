import { describe, expect, it } from '@jest/globals';
import { modelsChecksum } from '../../contract/hash-records.js';
import { modelPayload, type ModelFacts } from './model.projection.js';
import { modelsMetaRecord } from './models-meta.projection.js';

const aModel = (facts: Partial<ModelFacts> = {}): ModelFacts => ({
  name: 'team.gpt-4o',
  kind: 'chat',
  context_window: 128000,
  max_output_tokens: 0,
  cost_per_token: 0,
  supports_vision: false,
  supports_functions: false,
  supports_tool_choice: false,
  supports_fim: false,
  supports_stream: true,
  source: 'manual',
  status: 'active',
  ...facts,
});

const meta = (models: ModelFacts[]) => modelsMetaRecord({ version: '17', changed_at: 1734464000, models });

describe('models in Redis', () => {
  it('are left out while they are disabled', () => {
    expect(modelPayload(aModel({ status: 'disabled' }))).toBeUndefined();
    expect(meta([aModel({ status: 'disabled' })]).checksum).toBe(meta([]).checksum);
  });

  it('have a checksum over exactly what is stored', () => {
    const model = aModel();
    expect(meta([model]).checksum).toBe(modelsChecksum(new Map([[model.name, modelPayload(model)!]])));
  });

  it('come from the registry as soon as one does', () => {
    expect(meta([aModel()]).source).toBe('manual');
    expect(meta([aModel(), aModel({ name: 'other', source: 'registry' })]).source).toBe('registry');
  });
});
