import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type KeyFile, UnusableKeyFile, NoPrivateKey, WrongPassword } from './key-file.js';
import { matchingCertificate } from './matching-certificate.js';
import { readEncryptedPrivateKey } from './encrypted-private-key.js';

/** One block of RFC 7468; the older RSA form carries headers before its base64. */
const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** Whether the bytes are a PEM file rather than DER. */
export function isPem(bytes: Buffer): boolean {
  return bytes.includes('-----BEGIN ');
}

/** Reads the one private key of a PEM file, and its certificate where there is one. */
export async function readPem(bytes: Buffer, password: string | undefined): Promise<KeyFile> {
  const blocks = [...bytes.toString('latin1').matchAll(block)].map(([pem, label = '']) => ({ pem, label }));
  const [key, ...others] = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ pem }) => pem);
  if (key === undefined) throw new NoPrivateKey(certificates);
  if (others.length > 0) throw new UnusableKeyFile('there is more than one private key in it; leave only one');
  const privateKey = await readPrivateKey(key.pem, key.label, password);
  return { privateKey, certificate: matchingCertificate(privateKey, certificates) };
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
