import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What Redis and PostgreSQL keep instead of a secret: lower-case hex SHA-256 of exactly what the client sends. */
export const hashToken = (token: string): string => createHash('sha256').update(token, 'utf8').digest('hex');

/** A key that clients send to the balancer. */
export const newClientToken = (): string => newToken('ezk_');

/** The key with which a master signs in. */
export const newMasterKey = (): string => newToken('ezm_');

/** A scoped token for the admin API. */
export const newAdminToken = (): string => newToken('eza_');

/** Whether this is one of our tokens without a typo. Says nothing about whether it was ever issued. */
export function isWellFormedToken(token: string): boolean {
  if (!TOKEN_PATTERN.test(token)) return false;
  return checksum(token.slice(0, -CHECKSUM_LENGTH)) === token.slice(-CHECKSUM_LENGTH);
}

/** What may be shown of a secret for ever: `ezk_…last4`. Short secrets show nothing, for four characters would be much of them. */
export function tokenHint(token: string): string {
  const prefix = /^[A-Za-z]{2,4}[_-]/.exec(token)?.[0] ?? '';
  return `${prefix}…${token.length >= 20 ? token.slice(-4) : ''}`;
}

type TokenPrefix = 'ezk_' | 'ezm_' | 'eza_';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BODY_LENGTH = 43; // 62^43 > 2^256
const CHECKSUM_LENGTH = 6; // 62^6 > 2^32
const TOKEN_PATTERN = /^ez[kma]_[0-9A-Za-z]{49}$/;

function newToken(prefix: TokenPrefix): string {
  const unsigned = prefix + base62(BigInt(`0x${randomBytes(32).toString('hex')}`), BODY_LENGTH);
  return unsigned + checksum(unsigned);
}

/** Covers the prefix too, so that a master key pasted with a client key's prefix is recognised. */
const checksum = (text: string): string => base62(BigInt(crc32(text)), CHECKSUM_LENGTH);

function base62(value: bigint, width: number): string {
  let digits = '';
  for (let rest = value; rest > 0n; rest /= 62n) digits = ALPHABET[Number(rest % 62n)] + digits;
  return digits.padStart(width, '0');
}
