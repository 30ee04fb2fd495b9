import { type KeyFile, UnusableKeyFile, type KeyFileSource } from './key-file.js';
import { isPem, readPem } from './read-pem.js';

/** ASN.1 SEQUENCE: the first byte of every PKCS#12 file. */
const sequenceTag = 0x30;

/** Reads a PKCS#12 or PEM file; a UnusableKeyFile says what is wrong with it. */
export async function readKeyFile({ bytes, password }: KeyFileSource): Promise<KeyFile> {
  if (isPem(bytes)) return readPem(bytes, password?.reveal());
  if (bytes[0] !== sequenceTag) throw new UnusableKeyFile('it is neither PKCS#12 nor PEM');
  const { readPkcs12 } = await import('./pkcs12/read-pkcs12.js');
  return readPkcs12(bytes, password?.reveal());
}
