import { type KeyFile, KeyFileProblem, type KeyFileSource } from './key-file.js';
import { isPem, readPem } from './pem.reader.js';

/** ASN.1 SEQUENCE: the first byte of every PKCS#12 file. */
const sequenceTag = 0x30;

/** Reads a PKCS#12 or PEM file; a KeyFileProblem says what is wrong with it. */
export async function readKeyFile({ bytes, password }: KeyFileSource): Promise<KeyFile> {
  if (isPem(bytes)) return readPem(bytes, password);
  if (bytes[0] !== sequenceTag) throw new KeyFileProblem('it is neither PKCS#12 nor PEM');
  const { readPkcs12 } = await import('./pkcs12/pkcs12.reader.js');
  return readPkcs12(bytes, password);
}
