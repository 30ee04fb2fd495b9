import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Asn1 } from './pkcs12/asn1.js';
import { UnusableKeyFile } from './key-file.js';
import { encodePassword, type EncodedPassword } from './pkcs12/encoded-password.js';
import { decrypt } from './pkcs12/password-based-encryption.js';

/** Opens an EncryptedPrivateKeyInfo (RFC 5958, section 3): PKCS#8 under a password. */
export function readEncryptedPrivateKey(der: Buffer, password: string): Promise<KeyObject> {
  return openEncryptedPrivateKey(Asn1.parse(der), encodePassword(password));
}

/** Opens an EncryptedPrivateKeyInfo that is part of a larger file. */
export async function openEncryptedPrivateKey(info: Asn1, password: EncodedPassword): Promise<KeyObject> {
  const pkcs8 = await decrypt(info.child(0), info.child(1).octets(), password);
  try {
    return importPrivateKey(pkcs8);
  } finally {
    pkcs8.fill(0);
  }
}

/** Reads a PrivateKeyInfo (RFC 5958, section 2). */
export function importPrivateKey(pkcs8: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  } catch {
    throw new UnusableKeyFile('its private key cannot be read');
  }
}
