import { rc2, util } from './node-forge.parts.js';

/** RC2-CBC (RFC 2268), which Node's OpenSSL no longer offers: older tools protect the certificates with it. */
export function decryptRc2(key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  const cipher = rc2.createDecryptionCipher(key.toString('latin1'), key.length * 8);
  cipher.start(iv.toString('latin1'));
  cipher.update(util.createBuffer(ciphertext.toString('latin1')));
  if (!cipher.finish()) throw new Error('wrong padding');
  return Buffer.from(cipher.output.getBytes(), 'latin1');
}
