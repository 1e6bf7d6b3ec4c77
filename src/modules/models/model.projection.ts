import { encodeModel } from '../../contract/snapshots.js';
import type { Model } from './model.entity.js';

export type ModelFacts = Pick<
  Model,
  | 'name'
  | 'kind'
  | 'context_window'
  | 'max_output_tokens'
  | 'cost_per_token'
  | 'supports_vision'
  | 'supports_functions'
  | 'supports_tool_choice'
  | 'supports_fim'
  | 'supports_stream'
  | 'source'
  | 'status'
>;

/** A disabled model is not there for balancers, so that nothing is priced or routed by it. */
export function modelPayload(model: ModelFacts): string | undefined {
  return model.status === 'disabled' ? undefined : encodeModel(model);
}
