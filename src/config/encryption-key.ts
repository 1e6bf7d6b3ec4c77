import { hkdfSync } from 'node:crypto';

export interface EncryptionKey {
  /** Stands in the envelope of what the key has encrypted; says nothing about the key. */
  id: string;
  /** 32 bytes, for AES-256. */
  bytes: Buffer;
}

/**
 * The key behind one item of `encryption.keys`: 64 hex digits or base64 of 32 bytes are the key itself; any other text is
 * a passphrase, stretched to 32 bytes with HKDF-SHA256. HKDF does not slow a guesser down, so production wants 32
 * characters or more.
 */
export function encryptionKey(text: string): EncryptionKey {
  const bytes = rawKey(text) ?? derive(text, 'ez-api encryption key');
  return { id: derive(bytes, 'ez-api encryption key id').toString('hex').slice(0, 8), bytes };
}

function rawKey(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[\w+/-]{43}=?$/.test(text)) return Buffer.from(text, 'base64');
  return undefined;
}

function derive(from: string | Buffer, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', from, '', info, 32));
}
