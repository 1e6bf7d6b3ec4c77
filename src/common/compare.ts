import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const processKey = randomBytes(32);

/**
 * Compares secrets with one in a time that tells nothing about it: HMACs have one length, and their bytes can't be steered.
 * An empty expected secret is never matched, so a token that was not configured closes its routes.
 */
export function secretMatcher(expected: string): (given: string) => boolean {
  const wanted = digest(expected);
  return (given) => timingSafeEqual(digest(given), wanted) && expected !== '';
}

const digest = (secret: string): Buffer => createHmac('sha256', processKey).update(secret, 'utf8').digest();
