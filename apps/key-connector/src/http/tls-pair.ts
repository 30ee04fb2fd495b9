import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { TlsFileUnreadable, utf8Of } from '@key-connector/common';

/** A file that a setting names, as it was read. */
export interface TlsFile {
  readonly setting: 'http__tlsCertificatePath' | 'http__tlsKeyPath';
  readonly path: string;
  readonly bytes: Buffer;
}

/** Both files as node:tls takes them: PEM. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/**
 * Looks at certificate and key before TLS does, which would say `error:1C800064` of whatever is wrong with them.
 *
 * @throws TlsFileUnreadable with setting, path and what to do; nothing of the content.
 */
export function checkedPair(certificateFile: TlsFile, keyFile: TlsFile): TlsPair {
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
  return { cert: certificates.map(String).join(''), key: key.pem };
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
  readonly privateKey: KeyObject;
}

const pemKey = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[\s\S]+?-----END \1-----/;

function privateKeyIn(text: string, file: TlsFile): PemKey {
  const [pem, label = ''] = pemKey.exec(text) ?? [];
  if (pem === undefined)
    throw refused(
      file,
      text.includes('CERTIFICATE-----')
        ? 'it holds a certificate and no private key; were the two settings exchanged?'
        : 'there is no private key in it',
    );
  if (label.startsWith('ENCRYPTED') || pem.includes('Proc-Type: 4,ENCRYPTED'))
    throw refused(
      file,
      'its key is under a password, for which there is no setting: `openssl pkey -in <file> -out tls.key` takes it away',
    );
  if (label.startsWith('OPENSSH'))
    throw refused(file, 'it is a key for SSH: `ssh-keygen -p -m PEM -f <file>` makes PEM of it');
  const privateKey = parsedKey(pem, file);
  const { asymmetricKeyType: type } = privateKey;
  if (!keyTypes.has(type)) throw refused(file, `its key is ${type ?? 'unknown'}; TLS takes RSA, EC and Ed25519`);
  return { pem, privateKey };
}

function parsedKey(pem: string, file: TlsFile): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw refused(file, 'its private key is damaged');
  }
}
