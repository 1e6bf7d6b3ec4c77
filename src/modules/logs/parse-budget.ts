import { DomainError } from '../../common/domain-error.js';

const MIB = 1024 * 1024;
/** What may be in memory while it arrives and is inflated. */
const ARRIVING_BYTES_MAX = 128 * MIB;
/** Slow senders of small bodies are many, and yet have an end. */
const LEAST_BYTES = MIB / 4;
const BYTES_PER_TURN = MIB / 4;

/**
 * Keeps a flood of logs from the other work of the process: few bodies are in memory at the same time, and in one turn of the
 * event loop not more is parsed than takes some milliseconds.
 */
export class ParseBudget {
  private arriving = 0;
  private bytesLeft = BYTES_PER_TURN;
  private nextTurn: Promise<void> | undefined;

  /**
   * Takes room for a body until it is parsed; its records are then bounded by the queue.
   * @param bytes that it may become
   * @returns gives the room back
   */
  admit(bytes: number): () => void {
    const taken = Math.max(bytes, LEAST_BYTES);
    if (this.arriving + taken > ARRIVING_BYTES_MAX) {
      throw new DomainError('too_many', 'Too many batches arrive at the same time', {
        code: 'log_ingest_busy',
        retryAfterSeconds: 1,
      });
    }
    this.arriving += taken;
    return () => (this.arriving -= taken);
  }

  /** Undefined if there is room in this turn, else resolves in one that has it; a large body gets a turn of its own. */
  spend(bytes: number): Promise<void> | undefined {
    if (this.bytesLeft < Math.min(bytes, BYTES_PER_TURN)) return this.spendLater(bytes);
    this.bytesLeft -= bytes;
    this.nextTurn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.bytesLeft = BYTES_PER_TURN;
        this.nextTurn = undefined;
        resolve();
      });
    });
    return undefined;
  }

  private async spendLater(bytes: number): Promise<void> {
    await this.nextTurn;
    await this.spend(bytes);
  }
}
