import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Resolves when there is room for more. Whoever does not read it within that time is cut off. */
export async function patientWrite(stream: Writable, text: string, patienceMs: number): Promise<void> {
  if (text === '' || stream.write(text) || stream.destroyed) return;
  const left = new AbortController();
  const timer = setTimeout(() => stream.destroy(), patienceMs);
  await Promise.race([
    once(stream, 'drain', { signal: left.signal }).catch(() => undefined),
    once(stream, 'close', { signal: left.signal }).catch(() => undefined),
  ]);
  clearTimeout(timer);
  left.abort();
}
