import {
  constants,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataKey } from '../bound-value.ts';
import type { StoredWrapping } from '../databases/database.ts';

/** The key-encryption key of this run: the service reads it from a file, the bench unwraps with it too. */
export interface BenchKeyEncryptionKey {
  readonly path: string;
  readonly password: string;
  unwrap(wrapping: StoredWrapping): DataKey;
}

/** Makes an RSA key and writes it as an encrypted PEM file. */
export function makeKeyEncryptionKey(folder: string): BenchKeyEncryptionKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const path = join(folder, 'key-encryption-key.pem');
  const password = randomBytes(16).toString('hex');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: password });
  writeFileSync(path, pem, { mode: 0o600 });
  return { path, password, unwrap: (wrapping) => unwrap(privateKey, wrapping) };
}

function unwrap(privateKey: KeyObject, wrapping: StoredWrapping): DataKey {
  const oaepHash = wrapping.algorithm === 'RSA-OAEP-256' ? 'sha256' : 'sha1';
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const dataKey = privateDecrypt({ key: privateKey, padding, oaepHash }, Buffer.from(wrapping.wrappedKey, 'base64'));
  return { id: wrapping.dataKeyId, key: createSecretKey(dataKey) };
}
