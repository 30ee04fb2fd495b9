import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isPem } from './read-pem.js';

/** What a file is, told apart by what it begins with or by reading it; `what` ends the sentence "…: ". */
interface Format {
  readonly is: (bytes: Buffer) => boolean;
  readonly what: string;
}

const beginsWith =
  (...beginnings: readonly (string | Buffer)[]) =>
  (bytes: Buffer): boolean =>
    beginnings.some((one) => bytes.subarray(0, one.length).equals(Buffer.from(one as string)));

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');

/** ASN.1 SEQUENCE, and the digit 0. */
const sequenceTag = 0x30;

const reads =
  (read: (der: Buffer) => unknown) =>
  (bytes: Buffer): boolean => {
    // Node reads a certificate as PEM too, wherever it stands in the file.
    if (bytes[0] !== sequenceTag || isPem(bytes)) return false;
    try {
      read(bytes);
      return true;
    } catch {
      return false;
    }
  };

const javaKeyStore = (type: string): string =>
  `it is a Java key store (${type}), not PKCS#12; convert it with ` +
  '`keytool -importkeystore -srckeystore <file> -destkeystore key.p12 -deststoretype PKCS12`';

const der = 'make PEM of it with `openssl pkey -inform DER -in <file> -out key.pem`';

/** An AlgorithmIdentifier of PBES2 as the first thing in a SEQUENCE: PKCS#8 under a password. */
const encryptedPkcs8 = hex('06092a864886f70d01050d');
/** ContentInfo of type signedData (RFC 2315, section 14). */
const signedData = hex('06092a864886f70d010702');

const formats: readonly Format[] = [
  { is: (bytes) => bytes.length === 0, what: 'it is empty' },
  { is: beginsWith(hex('feedfeed')), what: javaKeyStore('JKS') },
  { is: beginsWith(hex('cececece')), what: javaKeyStore('JCEKS') },
  // Version 1 or 2, then the length of a salt of 20 bytes.
  { is: beginsWith(hex('0000000100000014'), hex('0000000200000014')), what: javaKeyStore('BKS of Bouncy Castle') },
  { is: reads((bytes) => new X509Certificate(bytes)), what: 'it is a certificate, and there is no private key in it' },
  {
    is: reads((bytes) => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })),
    what: `it is a private key in DER; ${der}`,
  },
  {
    is: reads((bytes) => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs1' })),
    what: `it is an RSA private key in DER; ${der}`,
  },
  {
    is: (bytes) => bytes.subarray(0, 24).includes(encryptedPkcs8),
    what: `it is a private key in DER under a password; ${der}`,
  },
  {
    is: (bytes) => bytes.subarray(0, 24).includes(signedData),
    what: 'it is PKCS#7: certificates only, and there is no private key in it; export it as PKCS#12 with its private key',
  },
  {
    is: beginsWith('-----BEGIN OPENSSH', 'PuTTY-User-Key-File', 'ssh-rsa '),
    what: 'it is a key for SSH; an RSA key is made PEM with `ssh-keygen -p -m PEM -f <file>`',
  },
  { is: beginsWith('-----BEGIN PGP'), what: 'it is a PGP key' },
  {
    is: beginsWith('{'),
    what: 'it is JSON; `az keyvault secret show … --query value --output tsv` prints the key file alone',
  },
  { is: beginsWith('<'), what: 'it is a web page or XML; was it saved from a browser?' },
  { is: beginsWith(hex('504b0304'), hex('1f8b')), what: 'it is a compressed archive; unpack it' },
];

/**
 * What a file is that is no key file, and what to do with it: "it is a Java key store (JKS) …"; `undefined` when
 * unknown.
 */
export const foreignFormatOf = (bytes: Buffer): string | undefined => formats.find(({ is }) => is(bytes))?.what;
