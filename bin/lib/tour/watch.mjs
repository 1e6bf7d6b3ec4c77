import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks every millisecond.
 * @param {() => Promise<boolean>} condition
 * @param {number} [limitMs]
 * @returns {Promise<number | undefined>} the instant at which it held (`performance.now()`); undefined: it never did
 */
export async function instantOf(condition, limitMs = 10_000) {
  for (const deadline = performance.now() + limitMs; performance.now() < deadline; await sleep(1)) {
    if (await condition()) return performance.now();
  }
  return undefined;
}

/**
 * An instant in relation to another, in words; Redis can be faster than an answer over HTTP.
 * @param {number | undefined} instant
 * @param {number} reference
 */
export function relative(instant, reference) {
  if (instant === undefined) return 'not at any time after';
  return instant < reference ? `${duration(reference - instant)} before` : `${duration(instant - reference)} after`;
}

/** @param {number} ms */
export const duration = (ms) => (ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`);
