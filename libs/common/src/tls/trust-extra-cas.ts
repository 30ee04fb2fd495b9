import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import { reasonOf, TlsFileUnreadable } from './tls-file-unreadable.error.js';

/** Where existing containers keep the certificate authorities of their company. */
const existingContainers = '/etc/bitwarden/ca-certificates';

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Trusts the authorities at a path, or those of an existing container, in every TLS connection that this process opens. */
export function trustExtraCas(path: string | undefined): void {
  if (path === undefined && !existsSync(existingContainers)) return;
  const certificates = certificatesAt(path ?? existingContainers);
  if (certificates.length > 0) tls.setDefaultCACertificates([...tls.getCACertificates('default'), ...certificates]);
  else if (path !== undefined) throw new TlsFileUnreadable('tls__extraCaPath', path, 'there is no PEM certificate');
}

function certificatesAt(path: string): string[] {
  try {
    const files = statSync(path).isDirectory()
      ? readdirSync(path)
          .filter((name) => /\.(crt|pem)$/.test(name))
          .map((name) => join(path, name))
      : [path];
    return files.flatMap((file) => certificatesIn(file));
  } catch (error) {
    if (error instanceof TlsFileUnreadable) throw error;
    throw new TlsFileUnreadable('tls__extraCaPath', path, reasonOf(error));
  }
}

/** Each is parsed here, because a bad one among many would be refused without a name. */
function certificatesIn(file: string): string[] {
  const found: string[] = readFileSync(file, 'latin1').match(pemCertificate) ?? [];
  for (const pem of found) {
    if (!parses(pem)) throw new TlsFileUnreadable('tls__extraCaPath', file, 'a certificate in it is damaged');
  }
  return found;
}

function parses(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
