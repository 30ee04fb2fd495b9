import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { KeyFileContents } from './choose-key.js';
import { readEncryptedPrivateKey } from './encrypted-private-key.js';
import { UnusableKeyFile, WrongPassword } from './key-file.js';

/** One block of RFC 7468; the older RSA form carries headers before its base64. */
const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** Whether the bytes are a PEM file rather than DER. */
export function isPem(bytes: Buffer): boolean {
  return bytes.includes('-----BEGIN ');
}

/**
 * Reads the private keys and certificates of a PEM file. A PKCS#12 file may be in it too: GnuTLS writes it so, and
 * Windows' `certutil -encode` calls whatever it encodes a certificate.
 */
export async function readPem(bytes: Buffer, password: string | undefined): Promise<KeyFileContents> {
  const blocks = [...bytes.toString('latin1').matchAll(block)].map(([pem, label = '']) => ({ pem, label }));
  const keyBlocks = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const pkcs12 = keyBlocks.length === 0 ? blocks.map(({ pem }) => decode(pem)).find(isPkcs12) : undefined;
  if (pkcs12 !== undefined) return readPkcs12(pkcs12, password);
  const keys: { key: KeyObject }[] = [];
  for (const { pem, label } of keyBlocks) keys.push({ key: await readPrivateKey(pem, label, password) });
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ pem }) => ({ encoded: pem }));
  return { keys, certificates };
}

/**
 * The INTEGER 3 at the beginning of a SEQUENCE (RFC 7292, section 4): no certificate, no key and no text has it there.
 */
export const isPkcs12 = (bytes: Buffer): boolean => bytes[0] === 0x30 && bytes.subarray(2, 9).includes(version3);
const version3 = Buffer.from('020103', 'hex');

/** Reads a PKCS#12 file; the reader is loaded for the first. */
export async function readPkcs12(bytes: Buffer, password: string | undefined): Promise<KeyFileContents> {
  const reader = await import('./pkcs12/read-pkcs12.js');
  return reader.readPkcs12(bytes, password);
}

async function readPrivateKey(pem: string, label: string, password: string | undefined): Promise<KeyObject> {
  if (label === 'ENCRYPTED PRIVATE KEY') return readEncryptedPrivateKey(decode(pem), password ?? '');
  const encrypted = pem.includes('Proc-Type: 4,ENCRYPTED');
  try {
    // An empty passphrase, so that OpenSSL never asks for one on the terminal.
    return createPrivateKey({ key: pem, format: 'pem', passphrase: password ?? '' });
  } catch {
    throw encrypted ? new WrongPassword() : new UnusableKeyFile('its private key cannot be read');
  }
}

function decode(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
}
