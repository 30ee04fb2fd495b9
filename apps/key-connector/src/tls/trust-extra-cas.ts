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
    return files.flatMap((file) => readFileSync(file, 'latin1').match(pemCertificate) ?? []);
  } catch (error) {
    throw new TlsFileUnreadable('tls__extraCaPath', path, reasonOf(error));
  }
}
