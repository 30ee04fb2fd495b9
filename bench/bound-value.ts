import {
  constants,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import type { StoredWrapping } from './databases/database.ts';

/** A data key and the id that values carry in their header. */
export interface DataKey {
  readonly id: number;
  readonly key: KeyObject;
}

/** Unwraps the data key of a row of DataKeyWrappings with the private key, PEM. */
export function unwrap(privateKeyPem: string, wrapping: StoredWrapping): DataKey {
  const oaepHash = wrapping.algorithm === 'RSA-OAEP-256' ? 'sha256' : 'sha1';
  const options = { key: privateKeyPem, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
  const dataKey = privateDecrypt(options, Buffer.from(wrapping.wrappedKey, 'base64'));
  return { id: wrapping.dataKeyId, key: createSecretKey(dataKey) };
}

const label = Buffer.from('key-connector user-key v2');
const ivBytes = 12;
const tagBytes = 16;
const authTagLength = { authTagLength: tagBytes };

/** Seals a member's key in the bound layout: `kc2.<dataKeyId>.<base64url(IV ‖ ciphertext ‖ tag)>`. */
export function seal(dataKey: DataKey, userId: string, plaintext: Uint8Array): string {
  const id = rawUserId(userId);
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', userKey(dataKey, id), iv, authTagLength);
  cipher.setAAD(associatedData(dataKey.id, id));
  const sealed = Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return `kc2.${dataKey.id}.${sealed.toString('base64url')}`;
}

/** Opens a value in the bound layout; throws when it is not this member's or was altered. */
export function open(dataKey: DataKey, userId: string, value: string): Buffer {
  const prefix = `kc2.${dataKey.id}.`;
  if (!value.startsWith(prefix)) throw new Error('The value is not sealed under the known data key.');
  const sealed = Buffer.from(value.slice(prefix.length), 'base64url');
  const id = rawUserId(userId);
  const decipher = createDecipheriv('aes-256-gcm', userKey(dataKey, id), sealed.subarray(0, ivBytes), authTagLength);
  decipher.setAAD(associatedData(dataKey.id, id));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  const plaintext = decipher.update(sealed.subarray(ivBytes, -tagBytes));
  decipher.final();
  return plaintext;
}

function rawUserId(userId: string): Buffer {
  return Buffer.from(userId.replaceAll('-', ''), 'hex');
}

function userKey(dataKey: DataKey, rawId: Buffer): KeyObject {
  // As a key object: Node 24 takes 11 µs to make a cipher from a buffer, 4 µs from this.
  return createSecretKey(Buffer.from(hkdfSync('sha256', dataKey.key, rawId, label, 32)));
}

function associatedData(dataKeyId: number, rawId: Buffer): Buffer {
  const data = Buffer.alloc(label.length + 1 + 4 + rawId.length);
  label.copy(data);
  data.writeUInt32BE(dataKeyId, label.length + 1);
  rawId.copy(data, label.length + 5);
  return data;
}
