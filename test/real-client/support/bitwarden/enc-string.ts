import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** An AES-256 key and an HMAC-SHA-256 key, 32 bytes each. */
export interface EncryptionKey {
  readonly encryption: Buffer;
  readonly mac: Buffer;
}

/** Splits the 64 bytes of an account's user key. */
export function encryptionKey(bytes: Buffer): EncryptionKey {
  if (bytes.length !== 64) throw new Error(`an encryption key has 64 bytes, not ${bytes.length}`);
  return { encryption: bytes.subarray(0, 32), mac: bytes.subarray(32) };
}

/** Stretches a 32-byte master key: HKDF-Expand (RFC 5869, section 2.3) without the extract step, one block a label. */
export function stretch(masterKey: Buffer): EncryptionKey {
  const expand = (label: string): Buffer => createHmac('sha256', masterKey).update(label).update('\x01').digest();
  return { encryption: expand('enc'), mac: expand('mac') };
}

/** Encrypts to the client's `2.iv|ciphertext|mac` text: AES-256-CBC, then HMAC-SHA-256 over iv and ciphertext. */
export function encrypt(plaintext: Buffer | string, key: EncryptionKey): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', key.encryption, iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return `2.${[iv, ciphertext, authenticate(key, iv, ciphertext)].map((part) => part.toString('base64')).join('|')}`;
}

/** Decrypts what {@link encrypt}, or a client, made; throws when the key does not fit. */
export function decrypt(text: string, key: EncryptionKey): Buffer {
  const [iv, ciphertext, mac] = text
    .replace(/^2\./, '')
    .split('|')
    .map((part) => Buffer.from(part, 'base64'));
  if (!iv || !ciphertext || !mac) throw new Error('not a 2.iv|ciphertext|mac text');
  if (!timingSafeEqual(mac, authenticate(key, iv, ciphertext))) throw new Error('the key does not open this text');
  const decipher = createDecipheriv('aes-256-cbc', key.encryption, iv);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

function authenticate(key: EncryptionKey, iv: Buffer, ciphertext: Buffer): Buffer {
  return createHmac('sha256', key.mac).update(iv).update(ciphertext).digest();
}
