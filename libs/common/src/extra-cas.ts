import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
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
 * Trusts the authorities at a path, or those of an existing container, in every TLS connection that this process opens.
 *
 * @param path a file, PEM or DER, or a folder of such files. One that cannot be read, or holds no certificate, is
 * `TlsFileUnreadable`.
 * @returns what an operator should look at, a sentence each: files of a folder that hold no certificate, or a private key.
 */
export async function trustExtraCas(path: string | undefined): Promise<string[]> {
  if (path === undefined && !existsSync(existingContainers)) return [];
  const files = await authoritiesAt(path ?? existingContainers);
  const certificates = new Set(files.flatMap((file) => file.certificates));
  const remarks = files.flatMap(({ file, remark }) => (remark === undefined ? [] : [`${file} ${remark}`]));
  if (certificates.size > 0) tls.setDefaultCACertificates([...tls.getCACertificates('default'), ...certificates]);
  else if (path !== undefined) throw unusable(path, `there is no certificate: ${remarks.join('; ') || 'it is empty'}`);
  return remarks.map((remark) => `${setting}: ${remark}.`);
}

const unusable = (path: string, why: string): TlsFileUnreadable => new TlsFileUnreadable(setting, path, why);

async function authoritiesAt(path: string): Promise<({ readonly file: string } & Authorities)[]> {
  const files = await filesAt(path).catch((error: unknown) => {
    throw unusable(path, fileUnreadable(path, error).why);
  });
  return Promise.all(files.map(async (file) => ({ file, ...(await authoritiesIn(file, file === path)) })));
}

/** The file itself, or the files of a folder; a mounted volume has hidden folders and links to them beside its files. */
async function filesAt(path: string): Promise<string[]> {
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
async function authoritiesIn(file: string, isNamed: boolean): Promise<Authorities> {
  const mustBeOne = isNamed || certificateName.test(file);
  try {
    return parse(file, await readSmallFile(file, limits));
  } catch (error) {
    const { why } = fileUnreadable(file, error);
    if (mustBeOne) throw unusable(file, why);
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
