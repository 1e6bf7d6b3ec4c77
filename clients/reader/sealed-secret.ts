import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import type { ProviderSnapshot } from '../../src/contract/snapshots.js';

/** The upstream key of a provider in plain text. Throws if it can't be read. */
export type SecretOpener = (provider: Pick<ProviderSnapshot, 'id' | 'api_key'>) => string;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `encryptionKey` is the text of EZ_DP_ENCRYPTION_KEY; empty: upstream keys are plain text. */
export function secretOpener(encryptionKey: string): SecretOpener {
  if (encryptionKey === '') return ({ api_key }) => api_key;
  const key = keyOf(encryptionKey);
  const prefix = `v1.${createHmac('sha256', key).update('key id').digest('hex').slice(0, 8)}.`;
  return ({ id, api_key }) => {
    if (!api_key.startsWith(prefix)) throw new Error('api_key is not encrypted with the key of this node');
    const sealed = Buffer.from(api_key.slice(prefix.length), 'base64url');
    const cipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(`provider:${id}:api_key`));
    cipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return cipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + cipher.final('utf8');
  };
}

/** 32 bytes as hex or base64 are the key itself; any other text is a passphrase. */
function keyOf(text: string): Buffer {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64');
  return Buffer.from(hkdfSync('sha256', text, 'ez-api', 'encryption key v1', 32));
}
