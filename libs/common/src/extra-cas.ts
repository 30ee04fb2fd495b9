import { X509Certificate } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import tls from 'node:tls';
import { FileUnreadable, fileUnreadable, readSmallFile } from './small-file.js';
import { utf8Of } from './text-encoding.js';
import { TlsFileUnreadable } from './tls.errors.js';

const setting = 'tls__extraCaPath';

/** Where existing containers keep the certificate authorities of their company. */
const existingContainers = '/etc/bitwarden/ca-certificates';

/** A bundle of every authority that browsers know has a quarter of a megabyte. */
const limits = { maxBytes: 4 * 1024 * 1024, seconds: 10 };

/** ASN.1 SEQUENCE: the first byte of a certificate in DER. */
const sequenceTag = 0x30;

/** RFC 7468, section 5, and the older labels of OpenSSL. */
const pemCertificate = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[\s\S]+?-----END \1-----/g;

/** Names of files that can only be certificates: in a folder, one of those that cannot be read ends the start. */
const certificateName = /\.(crt|cer|pem|der)$/i;

/** What a file holds, and what an operator should know of it: the rest of a sentence that begins with its path. */
interface Authorities {
  readonly certificates: readonly string[];
  readonly remark?: string | undefined;
}

/**
 * Trusts the authorities at a path, or those of an existing container, in every TLS connection that this process opens
 * from now on; called again, in place of those before.
 *
 * @param path a file, PEM or DER, or a folder of such files. One that cannot be read, or holds no certificate, is
 * `TlsFileUnreadable`.
 * @returns what an operator should look at, a sentence each: files of a folder that hold no certificate, or a private
 * key.
 */
export async function trustExtraCas(path: string | undefined): Promise<string[]> {
  if (path === undefined && !(await isThere(existingContainers))) {
    trust([]);
    return [];
  }
  const { certificates, remarks, holders, others } = await authoritiesAt(path ?? existingContainers, setting);
  if (path !== undefined) assertAny(certificates, remarks, path, setting);
  const emptied = others.find((file) => trustedFiles.has(file));
  if (emptied !== undefined) throw new TlsFileUnreadable(setting, emptied, 'it held a certificate, and holds none now');
  trust(certificates);
  trustedFiles = new Set(holders);
  return remarks.map((remark) => `${setting}: ${remark}.`);
}

/** Where `trustExtraCas` looks. */
export const extraCaPath = (path: string | undefined): string => path ?? existingContainers;

/**
 * The certificate authorities at a path, a file or a folder of files, as PEM: one at the least.
 *
 * @param setting what names the path, for messages.
 * @throws TlsFileUnreadable
 */
export async function readAuthoritiesAt(path: string, setting: string): Promise<readonly string[]> {
  const { certificates, remarks } = await authoritiesAt(path, setting);
  assertAny(certificates, remarks, path, setting);
  return certificates;
}

function assertAny(certificates: readonly string[], remarks: readonly string[], path: string, setting: string): void {
  if (certificates.length > 0) return;
  throw new TlsFileUnreadable(setting, path, `there is no certificate: ${remarks.join('; ') || 'it is empty'}`);
}

/**
 * The files whose certificates are trusted: one that is overwritten with something else is a mistake, one that goes is
 * meant.
 */
let trustedFiles: ReadonlySet<string> = new Set();

/** What this process trusts by itself; asked before anything is added. */
let ownAuthorities: readonly string[] | undefined;

/** Trusts these authorities beside its own, and none of those that were added before. */
function trust(certificates: readonly string[]): void {
  if (ownAuthorities === undefined && certificates.length === 0) return;
  ownAuthorities ??= tls.getCACertificates('default');
  tls.setDefaultCACertificates([...ownAuthorities, ...certificates]);
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

interface Found {
  /** Each once, as PEM. */
  readonly certificates: readonly string[];
  /** What an operator should know, a sentence each. */
  readonly remarks: readonly string[];
  /** The files with certificates, and those without. */
  readonly holders: readonly string[];
  readonly others: readonly string[];
}

/** The authorities of a file or of a folder's files. */
async function authoritiesAt(path: string, setting: string): Promise<Found> {
  const files = await filesIn(path).catch((error: unknown) => {
    throw new TlsFileUnreadable(setting, path, fileUnreadable(path, error).why);
  });
  const found = await Promise.all(
    files.map(async (file) => ({ file, ...(await authoritiesIn(file, file === path, setting)) })),
  );
  return {
    certificates: [...new Set(found.flatMap(({ certificates }) => certificates))],
    remarks: found.flatMap(({ file, remark }) => (remark === undefined ? [] : [`${file} ${remark}`])),
    holders: found.filter(({ certificates }) => certificates.length > 0).map(({ file }) => file),
    others: found.filter(({ certificates }) => certificates.length === 0).map(({ file }) => file),
  };
}

/**
 * The file itself, or the files of a folder; a mounted volume has hidden folders and links to them beside its files.
 */
async function filesIn(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
  const entries = names.map(async (name) => {
    const file = join(path, name);
    // A link to nowhere is no folder: whoever reads it says so.
    const isFolder = await stat(file).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    return isFolder ? [] : [file];
  });
  return (await Promise.all(entries)).flat();
}

/** @param isNamed by the setting itself, and not only found in a folder. */
async function authoritiesIn(file: string, isNamed: boolean, setting: string): Promise<Authorities> {
  const mustBeOne = isNamed || certificateName.test(file);
  try {
    return parse(file, await readSmallFile(file, limits));
  } catch (error) {
    const { why } = fileUnreadable(file, error);
    if (mustBeOne) throw new TlsFileUnreadable(setting, file, why);
    return { certificates: [], remark: `${why}; it is left out` };
  }
}

/**
 * The certificates of a file, PEM or DER, as PEM: one at the least.
 *
 * @throws FileUnreadable where it cannot be read in time, or holds none that can be read.
 */
export async function readCertificates(file: string): Promise<readonly string[]> {
  const { certificates, remark } = parse(file, await readSmallFile(file, limits));
  if (certificates.length === 0) throw new FileUnreadable(file, remark ?? 'holds no certificate');
  return certificates;
}

/** Each certificate is read here, because a bad one among many would be refused without a name. */
function parse(file: string, content: Buffer): Authorities {
  if (content[0] === sequenceTag) return parseDer(content);
  // Comments between certificates may be in any encoding.
  const text = utf8Of(content).toString('latin1');
  const certificates = [...text.matchAll(pemCertificate)].map(([pem], index) => {
    try {
      return new X509Certificate(pem).toString();
    } catch {
      throw new FileUnreadable(file, `is damaged: its certificate number ${index + 1} cannot be read`);
    }
  });
  return { certificates, remark: remarkOn(text, certificates.length) };
}

function parseDer(content: Buffer): Authorities {
  try {
    return { certificates: [new X509Certificate(content).toString()] };
  } catch {
    return { certificates: [], remark: content.includes(signedData) ? pkcs7('DER') : 'holds no certificate' };
  }
}

/** The object identifier of signedData (RFC 2315, section 14). */
const signedData = Buffer.from('06092a864886f70d010702', 'hex');

const pkcs7 = (form: 'DER' | 'PEM'): string =>
  `is PKCS#7 and is left out; make PEM of it with \`openssl pkcs7 -inform ${form} -print_certs -in <file> -out <file>.pem\``;

function remarkOn(text: string, certificates: number): string | undefined {
  if (text.includes('PRIVATE KEY-----')) return 'holds a private key, which does not belong there; move it away';
  if (certificates > 0) return undefined;
  if (text.trim() === '') return 'is empty';
  return text.includes('-----BEGIN PKCS7') ? pkcs7('PEM') : 'holds no certificate';
}
