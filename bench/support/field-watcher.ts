import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';

const LONGEST_WAIT_MS = 120_000;

interface Awaited {
  key: string;
  field: string;
  value: string;
  since: number;
  seen: (at: number) => void;
}

/** A reader that asks Redis every millisecond for all fields that somebody waits for, in one message: so many readers would be a load of their own. */
export class FieldWatcher {
  private awaited: Awaited[] = [];
  private asking: Promise<void> | undefined;

  constructor(private readonly redis: Redis) {}

  /** Resolves with the time at which the field has this value. */
  sees(key: string, field: string, value: string): Promise<number> {
    const seen = new Promise<number>((resolve) => {
      this.awaited.push({ key, field, value, since: performance.now(), seen: resolve });
    });
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return Promise.race([seen, this.asking.then(() => seen)]);
  }

  private async ask(): Promise<void> {
    while (this.awaited.length > 0) {
      const asked = [...this.awaited];
      const pipeline = this.redis.pipeline();
      for (const { key, field } of asked) pipeline.hget(key, field);
      const answers = (await pipeline.exec()) ?? [];
      const at = performance.now();
      const seen = new Set(asked.filter(({ value }, i) => answers[i]?.[1] === value));
      for (const one of seen) one.seen(at);
      this.awaited = this.awaited.filter((one) => !seen.has(one));
      const oldest = this.awaited[0];
      if (oldest && at - oldest.since > LONGEST_WAIT_MS) throw new Error(`waited in vain for ${oldest.key}`);
      await sleep(1);
    }
  }
}
