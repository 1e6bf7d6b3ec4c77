import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const processKey = randomBytes(32);

/**
 * Compares secrets in a time that tells nothing about them: HMACs have one length, and their bytes can't be steered.
 * An empty expected secret is never matched, so a token that was not configured closes its routes.
 */
export function sameSecret(given: string, expected: string): boolean {
  const same = timingSafeEqual(digest(given), digest(expected));
  return same && expected !== '';
}

const digest = (secret: string): Buffer => createHmac('sha256', processKey).update(secret, 'utf8').digest();
