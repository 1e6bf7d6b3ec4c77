import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/**
 * Seals secrets at rest with AES-256-GCM: `v1.<key id>.<base64url of nonce | ciphertext | tag>`.
 * The first key seals, every key opens, so keys are rotated by putting a new one in front.
 */
export class KeyRing {
  private readonly currentKeyId: string;
  private readonly keys: ReadonlyMap<string, KeyObject>;

  constructor(keyTexts: readonly string[]) {
    const entries = keyTexts.map(deriveKey).map((key) => [idOf(key), createSecretKey(key)] as const);
    if (!entries[0]) throw new Error('At least one encryption key is needed');
    this.currentKeyId = entries[0][0];
    this.keys = new Map(entries);
  }

  /** With this begins whatever the current key has sealed. */
  get prefix(): string {
    return `v1.${this.currentKeyId}.`;
  }

  /** `aad` says what the secret belongs to (`table:id:field`), so that an envelope moved elsewhere doesn't open. */
  seal(plaintext: string, aad: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.keys.get(this.currentKeyId)!, nonce, {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(Buffer.from(aad, 'utf8'));
    const sealed = Buffer.concat([nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return this.prefix + sealed.toString('base64url');
  }

  open(envelope: string, aad: string): string {
    const { keyId, sealed } = parse(envelope);
    const key = this.keys.get(keyId);
    if (!key) throw new UndecryptableError('unknown key');
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(aad, 'utf8'));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      throw new UndecryptableError('not authentic');
    }
  }
}

/** Says why an envelope doesn't open, and nothing of what is in it. */
export class UndecryptableError extends Error {
  override readonly name = 'UndecryptableError';

  constructor(readonly reason: 'malformed' | 'unknown key' | 'not authentic') {
    super(`A stored secret can't be decrypted: ${reason}`);
  }
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const ENVELOPE = /^v1\.([0-9a-f]{8})\.([A-Za-z0-9_-]+)$/;

function parse(envelope: string): { keyId: string; sealed: Buffer } {
  const [, keyId, text] = ENVELOPE.exec(envelope) ?? [];
  const sealed = Buffer.from(text ?? '', 'base64url');
  if (!keyId || sealed.length < NONCE_BYTES + TAG_BYTES) throw new UndecryptableError('malformed');
  return { keyId, sealed };
}

/** 32 bytes as hex or base64 are the key itself; any other text is a passphrase. */
function deriveKey(text: string): Buffer {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64');
  return Buffer.from(hkdfSync('sha256', text, 'ez-api', 'encryption key v1', KEY_BYTES));
}

const idOf = (key: Buffer): string => createHmac('sha256', key).update('key id').digest('hex').slice(0, 8);
