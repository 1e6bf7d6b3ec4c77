import type { Receipt } from '../common/request-context.js';

export type PropagationOutcome = 'applied' | 'pending';

/** Asks the road to Redis how far a write has come. Implemented by the sync side; this is all that HTTP knows of it. */
export abstract class Propagation {
  /** `applied` only when Redis holds this version; `pending` after `timeoutMs` at the latest. Never throws. */
  abstract wait(receipt: Receipt, timeoutMs: number): Promise<PropagationOutcome>;
}
