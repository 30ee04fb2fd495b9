import { generateKeyPair, randomBytes, type RSAKeyPairKeyObjectOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { Secret } from '@key-connector/common';
import { UnusableKeyFile } from './key-file.js';
import { readKeyFile } from './read-key-file.js';

const options: RSAKeyPairKeyObjectOptions = { modulusLength: 4096, publicExponent: 0x10001 };

/** A certificate of this age is only told of; nobody looks at its end but people. */
const validDays = 36_500;

/**
 * Makes a key-encryption key of RSA 4096 with a self-signed certificate, as PKCS#12 (AES-256) that this service,
 * OpenSSL and existing software open. It is opened again before it is given out.
 *
 * @returns the file's bytes: the caller wipes them.
 */
export async function makeKeyFile(password: string): Promise<Buffer> {
  // Loaded here: nothing that serves needs it.
  const { default: forge } = await import('node-forge');
  // node:crypto makes the key, on its thread pool: forge would take a minute.
  const { privateKey } = await promisify(generateKeyPair)('rsa', options);
  const key = forge.pki.privateKeyFromPem(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(key.n, key.e);
  // RFC 5280, section 4.1.2.2: a positive integer, so the first bit stays clear.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  const now = Date.now();
  certificate.validity.notBefore = new Date(now);
  certificate.validity.notAfter = new Date(now + validDays * 86_400_000);
  const name = [{ name: 'commonName', value: 'Key Connector' }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.sign(key, forge.md.sha256.create());
  const asn1 = forge.pkcs12.toPkcs12Asn1(key, [certificate], password, { algorithm: 'aes256' });
  const bytes = Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary');
  const { privateKey: again } = await readKeyFile({
    origin: 'the key file that was made',
    bytes: Buffer.from(bytes),
    password: new Secret(password),
  });
  if (!again.equals(privateKey))
    throw new UnusableKeyFile('The key file that was made holds another key than it should.');
  return bytes;
}
