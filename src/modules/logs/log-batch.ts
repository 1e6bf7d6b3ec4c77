import type { LogRecord } from '../../log-database/log-record.js';

/** By which a batch is recognised when it comes again. */
export interface BatchKey {
  node: string;
  id: string;
}

/** Records that are written in one transaction. */
export class LogBatch {
  readonly enqueuedAt = performance.now();
  /** Passed the validation and yet could not be stored. */
  readonly dropped = new Set<LogRecord>();
  isDuplicate = false;
  private settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(
    readonly records: readonly LogRecord[],
    readonly key?: BatchKey,
  ) {}

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
