import { createHash } from 'node:crypto';
import { invalidField } from '../../common/domain-error.js';
import type { LogRecord } from '../../log-database/log-record.js';

/** By which a batch is recognised when it comes again. */
export interface BatchKey {
  node: string;
  id: string;
  /** Of what was sent under that id; empty where the id can't be used for anything else. */
  digest: string;
}

/** What a batch is called by who sends it. Ids are counted by node: two nodes have the same ones. */
export function sentKey(body: { node?: string; batch_id?: string; records: unknown[] }): BatchKey | undefined {
  const { node, batch_id, records } = body;
  if (batch_id === undefined) return undefined;
  if (node === undefined) throw invalidField('/node', 'is required with a batch_id');
  return { node, id: batch_id, digest: createHash('sha256').update(JSON.stringify(records)).digest('base64url') };
}

/** Records that are written in one transaction. */
export class LogBatch {
  readonly enqueuedAt = performance.now();
  /** Passed the validation and yet could not be stored. */
  readonly dropped = new Set<LogRecord>();
  /** Came before. */
  isDuplicate = false;
  /** Another batch came before under the same id. */
  isReused = false;
  private settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(
    readonly records: readonly LogRecord[],
    readonly key?: BatchKey,
  ) {}

  /** Of a transaction that was rolled back. */
  forgetOutcome(): void {
    this.dropped.clear();
    this.isDuplicate = false;
    this.isReused = false;
  }

  /** Somebody waits for the commit, and does not want it to be tried again behind their back. */
  get isAwaited(): boolean {
    return this.settle !== undefined;
  }

  /** Resolves with the commit. */
  committed(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
  }

  resolve(): void {
    this.settle?.resolve();
  }

  reject(error: Error): void {
    this.settle?.reject(error);
  }
}
