import { Injectable } from '@nestjs/common';
import type { Receipt } from '../common/request-context.js';

type Listener = (receipt: Receipt) => void;

/** Wakes the dispatcher of this process right after a commit. Other processes hear the NOTIFY of the transaction. */
@Injectable()
export class CommitSignal {
  private readonly listeners = new Set<Listener>();

  /** @returns a function that ends the subscription */
  onCommit(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  committed(receipt: Receipt): void {
    for (const listener of this.listeners) listener(receipt);
  }
}
