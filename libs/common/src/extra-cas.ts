import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import tls from 'node:tls';
import { fileUnreadable, readSmallFile } from './small-file.js';
import { TlsFileUnreadable } from './tls.errors.js';

/** Where existing containers keep the certificate authorities of their company. */
const existingContainers = '/etc/bitwarden/ca-certificates';

/** A bundle of every authority that browsers know has a quarter of a megabyte. */
const limits = { maxBytes: 4 * 1024 * 1024, seconds: 10 };

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Trusts the authorities at a path, or those of an existing container, in every TLS connection that this process opens.
 *
 * @param path a PEM file, or a folder of `.crt` and `.pem` files. One that cannot be read, or without a certificate, is
 * `TlsFileUnreadable`.
 */
export async function trustExtraCas(path: string | undefined): Promise<void> {
  if (path === undefined && !existsSync(existingContainers)) return;
  const certificates = await certificatesAt(path ?? existingContainers);
  if (certificates.length > 0) tls.setDefaultCACertificates([...tls.getCACertificates('default'), ...certificates]);
  else if (path !== undefined) throw unusable(path, 'there is no PEM certificate');
}

const unusable = (path: string, why: string): TlsFileUnreadable => new TlsFileUnreadable('tls__extraCaPath', path, why);

async function certificatesAt(path: string): Promise<string[]> {
  const files = await filesAt(path).catch((error: unknown) => {
    throw unusable(path, fileUnreadable(path, error).why);
  });
  return (await Promise.all(files.map(certificatesIn))).flat();
}

async function filesAt(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  return (await readdir(path)).filter((name) => /\.(crt|pem)$/.test(name)).map((name) => join(path, name));
}

/** Each is parsed here, because a bad one among many would be refused without a name. */
async function certificatesIn(file: string): Promise<string[]> {
  const content = await readSmallFile(file, limits).catch((error: unknown) => {
    throw unusable(file, fileUnreadable(file, error).why);
  });
  // Comments between certificates may be in any encoding.
  const found: string[] = content.toString('latin1').match(pemCertificate) ?? [];
  if (!found.every(parses)) throw unusable(file, 'a certificate in it is damaged');
  return found;
}

function parses(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
