import type { AckStore } from './ack-store.js';
import type { DataPlane } from './ack.js';

/** Takes Redis two O(1) commands each, so some milliseconds. */
const PAGE = 1_000;
const SILENCE_MS = 60_000;
/** Whoever is beyond them has his turn when these are forgotten. */
const SILENT_MAX = 100_000;

/** Who is in the register of data planes, all of them however many, and who is struck out of it: names that have been silent for a minute. */
export class Register {
  private silentSince: ReadonlyMap<string, number> = new Map();

  constructor(private readonly store: AckStore) {}

  /** Those that live, page by page. The silence of others counts from the walk that met it first. */
  async *walk(now: number): AsyncGenerator<DataPlane[]> {
    const silentSince = new Map<string, number>();
    for await (const names of this.store.registered(PAGE)) {
      const nodes = await Promise.all(names.map((name) => this.store.read(name)));
      const silent = names.filter((_, i) => nodes[i] === undefined);
      const since = (name: string): number => this.silentSince.get(name) ?? now;
      const forgotten = silent.filter((name) => now - since(name) >= SILENCE_MS);
      if (forgotten.length > 0) await this.store.forget(forgotten);
      for (const name of silent) if (silentSince.size < SILENT_MAX) silentSince.set(name, since(name));
      yield nodes.filter((node) => node !== undefined);
    }
    this.silentSince = silentSince;
  }
}
