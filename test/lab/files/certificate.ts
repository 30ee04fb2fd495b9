import { constants, generateKeyPairSync, type KeyObject, privateEncrypt, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import forge from 'node-forge';

/** A throwaway authority and a certificate for `localhost` and 127.0.0.1 that it signed, all PEM. */
export interface TlsCertificate {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** The file that holds a service's key-encryption key, and the key itself. */
export interface KeyCertificate {
  readonly path: string;
  readonly password: string;
  /** PKCS#8 in PEM. */
  readonly privateKeyPem: string;
}

/** Makes the PKCS#12 file that holds a service's key-encryption key, as an operator does, in `folder`. */
export async function makeKeyCertificate(folder: string): Promise<KeyCertificate> {
  const password = randomBytes(16).toString('base64url');
  const path = join(folder, 'bwkc.pfx');
  const made = selfSigned();
  await writeFile(path, pkcs12(made, password), { mode: 0o600 });
  return { path, password, privateKeyPem: made.key.privateKeyPem };
}

/** The settings under which the service takes its key from such a file. */
export function certificateSettings({
  path,
  password,
}: Pick<KeyCertificate, 'path' | 'password'>): Record<string, string> {
  return {
    rsaKey__provider: 'certificate',
    certificate__provider: 'filesystem',
    certificate__filesystemPath: path,
    certificate__filesystemPassword: password,
  };
}

/** A new key with its certificate as PKCS#12; an empty password is what clouds use. */
export function makeKeyPfx(password: string): Buffer {
  return pkcs12(selfSigned(), password);
}

function pkcs12({ key, certificate }: SelfSigned, password: string): Buffer {
  const asn1 = forge.pkcs12.toPkcs12Asn1(key.privateKey, [certificate], password, { algorithm: 'aes256' });
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary');
}

/** A new key with its certificate as PEM. */
export function makeKeyPem(): string {
  const { key, certificate } = selfSigned();
  return key.privateKeyPem + forge.pki.certificateToPem(certificate);
}

interface SelfSigned {
  readonly key: RsaKey;
  readonly certificate: forge.pki.Certificate;
}

function selfSigned(): SelfSigned {
  const key = rsaKey(2048);
  const subject = commonName('Key Connector (throwaway)');
  return { key, certificate: certify({ key, subject, issuer: { key, subject }, extensions: [] }) };
}

/**
 * Makes what an HTTPS server on this machine and its clients need; it also answers to `names`, which may be wildcards.
 */
export function tlsCertificate(
  names: readonly string[] = [],
  loopback: readonly ('localhost' | '127.0.0.1')[] = ['localhost', '127.0.0.1'],
): TlsCertificate {
  const authority = { key: rsaKey(2048), subject: commonName('Throwaway test authority') };
  const ca = certify({
    ...authority,
    issuer: authority,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
      { name: 'subjectKeyIdentifier' },
    ],
  });
  const key = rsaKey(2048);
  const certificate = certify({
    key,
    subject: commonName('localhost'),
    issuer: authority,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...loopback, ...names].map((name) => (name === '127.0.0.1' ? ipAddress(name) : dnsName(name))),
      },
    ],
  });
  return {
    caPem: forge.pki.certificateToPem(ca),
    certificatePem: forge.pki.certificateToPem(certificate),
    keyPem: key.privateKeyPem,
  };
}

interface RsaKey {
  readonly signingKey: KeyObject;
  readonly privateKey: forge.pki.rsa.PrivateKey;
  readonly publicKey: forge.pki.rsa.PublicKey;
  readonly privateKeyPem: string;
}

type Subject = forge.pki.CertificateField[];

interface CertificateRequest {
  readonly key: RsaKey;
  readonly subject: Subject;
  readonly issuer: { readonly key: RsaKey; readonly subject: Subject };
  readonly extensions: readonly object[];
}

/** node:crypto makes the key: forge would take seconds. */
function rsaKey(modulusLength: number): RsaKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const parsed = forge.pki.privateKeyFromPem(privateKeyPem);
  return {
    signingKey: privateKey,
    privateKey: parsed,
    publicKey: forge.pki.setRsaPublicKey(parsed.n, parsed.e),
    privateKeyPem,
  };
}

function certify({ key, subject, issuer, extensions }: CertificateRequest): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = key.publicKey;
  // RFC 5280, 4.1.2.2: a positive integer, so the first bit stays clear.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  const now = Date.now();
  certificate.validity.notBefore = new Date(now - 3_600_000);
  certificate.validity.notAfter = new Date(now + 30 * 86_400_000);
  certificate.setSubject(subject);
  certificate.setIssuer(issuer.subject);
  certificate.setExtensions([...extensions]);
  certificate.sign(signerOf(issuer.key), forge.md.sha256.create());
  return certificate;
}

/** RFC 8017, 9.2: what stands before a SHA-256 digest. */
const sha256DigestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** node:crypto signs, too: under jest, a signature of forge takes a second of processor time. */
function signerOf({ privateKey, signingKey: key }: RsaKey): forge.pki.rsa.PrivateKey {
  const sign = (digest: forge.md.MessageDigest): string => {
    const signed = Buffer.concat([sha256DigestInfo, Buffer.from(digest.digest().toHex(), 'hex')]);
    return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signed).toString('binary');
  };
  return { ...privateKey, sign };
}

function commonName(value: string): Subject {
  return [{ name: 'commonName', value }];
}

/** GeneralName choices of RFC 5280, 4.2.1.6. */
function dnsName(value: string): object {
  return { type: 2, value };
}

function ipAddress(ip: string): object {
  return { type: 7, ip };
}
