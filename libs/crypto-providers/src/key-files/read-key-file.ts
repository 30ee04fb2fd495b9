import { utf8Of } from '@key-connector/common';
import { chooseKey, type KeyFileContents } from './choose-key.js';
import { foreignFormatOf } from './foreign-format.js';
import { type KeyFile, type KeyFileSource, UnusableKeyFile } from './key-file.js';
import { isPem, isPkcs12, readPem, readPkcs12 } from './read-pem.js';

/** ASN.1 SEQUENCE: the first byte of every PKCS#12 file. */
const sequenceTag = 0x30;

/**
 * Reads a PKCS#12 or PEM file, or the base64 text of one; an UnusableKeyFile says what is wrong with it. Of several
 * keys the one is taken that is meant: see {@link chooseKey}.
 */
export async function readKeyFile({ bytes, password, thumbprint }: KeyFileSource): Promise<KeyFile> {
  const plain = withoutTextAround(bytes);
  try {
    return chooseKey(await contentsOf(plain, password?.reveal()), thumbprint);
  } finally {
    if (plain !== bytes) plain.fill(0);
  }
}

async function contentsOf(bytes: Buffer, password: string | undefined): Promise<KeyFileContents> {
  // First: in what stands behind it others would find a certificate, or PEM without a key.
  if (isPkcs12(bytes)) return readPkcs12(bytes, password);
  const foreign = foreignFormatOf(bytes);
  if (foreign !== undefined) throw new UnusableKeyFile(foreign);
  if (isPem(bytes)) return readPem(bytes, password);
  if (bytes[0] !== sequenceTag) throw new UnusableKeyFile('it is neither PKCS#12 nor PEM');
  return readPkcs12(bytes, password);
}

/** Base64 in one line or in several (RFC 4648, section 4). */
const base64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Takes away what programs put around the bytes of a key file: UTF-16 (PowerShell's `>`), a byte-order mark, and
 * base64, with quotes or without (`az keyvault secret download`, `kubectl get secret`).
 */
function withoutTextAround(bytes: Buffer): Buffer {
  const text = utf8Of(bytes);
  const encoded = text
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .replaceAll(/[\s"]+/g, '');
  if (!base64.test(encoded)) return text;
  if (text !== bytes) text.fill(0);
  return Buffer.from(encoded, 'base64');
}
