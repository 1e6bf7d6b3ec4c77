import type { Receipt } from '../common/request-context.js';

export type PropagationOutcome = 'applied' | 'pending';

/** Who has to have a write: Redis, or with it every data plane that lives. */
export const WAITS = ['applied', 'dp'] as const;

/** Unless the caller says how long to wait. */
export const DEFAULT_WAIT_MS = 1_000;

export interface PropagationWait {
  for: (typeof WAITS)[number];
  timeoutMs: number;
}

/** Asks the road to Redis how far a write has come. Implemented by the sync side; this is all that HTTP knows of it. */
export abstract class Propagation {
  /** `applied` only when all of them have this version; `pending` after `timeoutMs` at the latest. Never throws. */
  abstract wait(receipt: Receipt, wait: PropagationWait): Promise<PropagationOutcome>;
}
