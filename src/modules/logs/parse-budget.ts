import { DomainError } from '../../common/domain-error.js';

const BODIES_MAX = 64;
const BYTES_PER_TURN = 256 * 1024;

/**
 * Keeps a flood of logs from the other work of the process: few bodies are in memory at the same time, and in one turn of the
 * event loop not more is parsed than takes some milliseconds.
 */
export class ParseBudget {
  private bodies = 0;
  private bytesLeft = BYTES_PER_TURN;
  private nextTurn: Promise<void> | undefined;

  /** Around all that is done with a body. */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    if (this.bodies >= BODIES_MAX) {
      throw new DomainError('too_many', 'Too many batches arrive at the same time', {
        code: 'log_ingest_busy',
        retryAfterSeconds: 1,
      });
    }
    this.bodies += 1;
    try {
      return await work();
    } finally {
      this.bodies -= 1;
    }
  }

  /** Resolves in a turn that has room for that; a large body gets a turn of its own. */
  async spend(bytes: number): Promise<void> {
    while (this.bytesLeft < Math.min(bytes, BYTES_PER_TURN)) await this.nextTurn;
    this.bytesLeft -= bytes;
    this.nextTurn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.bytesLeft = BYTES_PER_TURN;
        this.nextTurn = undefined;
        resolve();
      });
    });
  }
}
