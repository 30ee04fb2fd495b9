import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Secret } from './secret.js';
import { utf8Of } from './text-encoding.js';
import { TlsFileUnreadable } from './tls.errors.js';

/** A file that a setting names, as it was read. */
export interface TlsFile {
  readonly setting: string;
  readonly path: string;
  readonly bytes: Buffer;
}

/** The file of a private key. */
export interface TlsKeyFile extends TlsFile {
  /** Where the key may be under a password: what the password's setting is called, and what it says. */
  readonly password?: { readonly setting: string; readonly given: Secret | undefined };
}

/** Both files as node:tls takes them: PEM, and the key's password where it is under one. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
  readonly passphrase?: string;
}

/**
 * Looks at certificate and key before TLS does, which would say `error:1C800064` of whatever is wrong with them, and
 * only once a connection is made.
 *
 * @example
 * const key = { setting: 'SSL Key', path: '/srv/client.key', bytes, password: { setting: 'SSL Password', given } };
 * const options: tls.ConnectionOptions = checkedPair({ setting: 'SSL Certificate', path, bytes: pem }, key);
 *
 * @throws TlsFileUnreadable with setting, path and what to do; nothing of the content.
 */
export function checkedPair(certificateFile: TlsFile, keyFile: TlsKeyFile): TlsPair {
  const certificates = certificatesIn(pemOf(certificateFile), certificateFile);
  const key = privateKeyIn(pemOf(keyFile), keyFile);
  const own = certificates.findIndex((certificate) => certificate.checkPrivateKey(key.privateKey));
  if (own === -1) throw refused(keyFile, `its key does not belong to the certificate in ${certificateFile.path}`);
  if (own > 0)
    throw refused(
      certificateFile,
      `the certificate of the key must come first, and the chain behind it; it is number ${own + 1} there`,
    );
  // Written anew: OpenSSL passes over a block that a byte-order mark stands before.
  const cert = certificates.map(String).join('');
  const pair = { cert, key: key.pem, ...(key.passphrase === undefined ? {} : { passphrase: key.passphrase }) };
  try {
    createSecureContext(pair);
  } catch (error) {
    // What OpenSSL finds too weak, such as "ee key too small".
    const { reason = 'unknown reason' } = error as { reason?: string };
    throw refused(certificateFile, `TLS refuses it: ${reason}`);
  }
  return pair;
}

const refused = ({ setting, path }: TlsFile, why: string): TlsFileUnreadable =>
  new TlsFileUnreadable(setting, path, why);

/** PEM as text, also of a file in UTF-16; what is none is told by what it is. */
function pemOf(file: TlsFile): string {
  const text = utf8Of(file.bytes).toString('latin1');
  if (text.includes('-----BEGIN ')) return text;
  throw refused(file, whatItIs(file.bytes));
}

/** ASN.1 SEQUENCE. */
const sequenceTag = 0x30;
/** The INTEGER 3 that PKCS#12 begins with (RFC 7292, section 4). */
const version3 = Buffer.from('020103', 'hex');

function whatItIs(bytes: Buffer): string {
  if (bytes.length === 0) return 'it is empty';
  if (bytes[0] !== sequenceTag) return 'it is no PEM';
  if (bytes.subarray(2, 9).includes(version3))
    return (
      'it is PKCS#12: `openssl pkcs12 -in <file> -nokeys -out tls.crt` makes the certificate of it, ' +
      '`openssl pkcs12 -in <file> -nocerts -nodes -out tls.key` the key'
    );
  return isCertificate(bytes)
    ? 'it is a certificate in DER: `openssl x509 -inform DER -in <file> -out tls.crt` makes PEM of it'
    : 'it is DER: for a key, `openssl pkey -inform DER -in <file> -out tls.key` makes PEM of it';
}

function isCertificate(bytes: Buffer | string): boolean {
  try {
    return new X509Certificate(bytes).raw.length > 0;
  } catch {
    return false;
  }
}

const pemCertificate = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[\s\S]+?-----END \1-----/g;

function certificatesIn(text: string, file: TlsFile): X509Certificate[] {
  const blocks = [...text.matchAll(pemCertificate)].map(([pem]) => pem);
  if (blocks.length === 0) throw refused(file, whyNoCertificate(text));
  return blocks.map((pem, index) => {
    if (!isCertificate(pem)) throw refused(file, `certificate number ${index + 1} in it is damaged`);
    return new X509Certificate(pem);
  });
}

function whyNoCertificate(text: string): string {
  if (text.includes('PRIVATE KEY-----'))
    return 'it holds a private key and no certificate; were the two settings exchanged?';
  if (text.includes('CERTIFICATE REQUEST-----'))
    return 'it holds a request, not the certificate that was issued for it';
  return text.includes('-----BEGIN PKCS7')
    ? 'it is PKCS#7: `openssl pkcs7 -in <file> -print_certs -out tls.crt` makes PEM of it'
    : 'there is no certificate in it';
}

/** What a certificate for TLS can be of. */
const keyTypes: ReadonlySet<string | undefined> = new Set(['rsa', 'rsa-pss', 'ec', 'ed25519', 'ed448']);

interface PemKey {
  readonly pem: string;
  readonly passphrase: string | undefined;
  readonly privateKey: KeyObject;
}

const pemKey = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[\s\S]+?-----END \1-----/;

function privateKeyIn(text: string, file: TlsKeyFile): PemKey {
  const [pem, label = ''] = pemKey.exec(text) ?? [];
  if (pem === undefined)
    throw refused(
      file,
      text.includes('CERTIFICATE-----')
        ? 'it holds a certificate and no private key; were the two settings exchanged?'
        : 'there is no private key in it',
    );
  const isEncrypted = label.startsWith('ENCRYPTED') || pem.includes('Proc-Type: 4,ENCRYPTED');
  const passphrase = isEncrypted ? passphraseOf(file) : undefined;
  if (label.startsWith('OPENSSH'))
    throw refused(file, 'it is a key for SSH: `ssh-keygen -p -m PEM -f <file>` makes PEM of it');
  const privateKey = parsedKey(pem, passphrase, file);
  const { asymmetricKeyType: type } = privateKey;
  if (!keyTypes.has(type)) throw refused(file, `its key is ${type ?? 'unknown'}; TLS takes RSA, EC and Ed25519`);
  return { pem, passphrase, privateKey };
}

function passphraseOf(file: TlsKeyFile): string {
  const { password } = file;
  const given = password?.given?.reveal();
  if (given !== undefined) return given;
  const what =
    password === undefined ? ', for which there is no setting' : `: give it as ${password.setting}, or remove it`;
  throw refused(file, `its key is under a password${what}: \`openssl pkey -in <file> -out tls.key\` takes it away`);
}

function parsedKey(pem: string, passphrase: string | undefined, file: TlsKeyFile): KeyObject {
  try {
    return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  } catch {
    const what = `its private key does not open with ${file.password?.setting ?? ''}, or is damaged`;
    throw refused(file, passphrase === undefined ? 'its private key is damaged' : what);
  }
}
