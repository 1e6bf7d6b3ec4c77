import { DomainError } from '../../common/domain-error.js';

/** That are awaited: most of them are not there yet, and take no memory. */
const ARRIVING_MAX = 512;
const BODIES_MAX = 64;
const BYTES_PER_TURN = 256 * 1024;

/**
 * Keeps a flood of logs from the other work of the process: few bodies are in memory at the same time, and in one turn of the
 * event loop not more is parsed than takes some milliseconds.
 */
export class ParseBudget {
  private readonly arriving = new Places(ARRIVING_MAX);
  private readonly bodies = new Places(BODIES_MAX);
  private bytesLeft = BYTES_PER_TURN;
  private nextTurn: Promise<void> | undefined;

  /** Around the arrival of a body. */
  await<T>(work: () => Promise<T>): Promise<T> {
    return this.arriving.hold(work);
  }

  /** Around the parsing of a body that is there; its records are then bounded by the queue. */
  admit<T>(work: () => Promise<T>): Promise<T> {
    return this.bodies.hold(work);
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

class Places {
  private taken = 0;

  constructor(private readonly capacity: number) {}

  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.taken >= this.capacity) {
      throw new DomainError('too_many', 'Too many batches arrive at the same time', {
        code: 'log_ingest_busy',
        retryAfterSeconds: 1,
      });
    }
    this.taken += 1;
    try {
      return await work();
    } finally {
      this.taken -= 1;
    }
  }
}
