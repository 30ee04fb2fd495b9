import { getCACertificates } from 'node:tls';
import { checkedPair, readCertificates, readSmallFile, type Secret } from '@key-connector/common';
import { isSystem } from '../connection-string/authorities.js';

/** A certificate or a key is some kilobytes; a bundle of all public authorities 250 KB. */
const limits = { maxBytes: 1024 * 1024, seconds: 10 };

/** What a connection string names for the client's side of TLS, each by the name of its key. */
export interface ClientFiles {
  /** "SSL Certificate of database__postgreSqlConnectionString", say. */
  readonly settings: { readonly certificate: string; readonly key: string; readonly password?: string };
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly password?: Secret | undefined;
}

/** What node:tls shows to a server that asks for a certificate; nothing where there is none. */
export interface ClientIdentity {
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
}

/**
 * Reads the client's certificate and key, and makes sure that TLS can use them: a handshake that breaks for them would
 * look like a server without TLS, and the next try would go out in plain text.
 *
 * @throws FileUnreadable with the path and why, when one cannot be read in time; TlsFileUnreadable where TLS cannot use
 * it.
 */
export async function readClientIdentity(files: ClientFiles): Promise<ClientIdentity> {
  const { settings, certificate, key, password } = files;
  if (certificate === undefined || key === undefined) return {};
  const pem = await readSmallFile(certificate, limits);
  const bytes = await readSmallFile(key, limits);
  const secret = settings.password === undefined ? {} : { password: { setting: settings.password, given: password } };
  try {
    return checkedPair(
      { setting: settings.certificate, path: certificate, bytes: pem },
      { setting: settings.key, path: key, bytes, ...secret },
    );
  } finally {
    bytes.fill(0);
  }
}

/**
 * The certificate authorities that a connection string names: those of a file, PEM or DER, or of the operating system
 * beside those that this process trusts anyway; `undefined` where it names none.
 *
 * @throws FileUnreadable as {@link readClientIdentity}, and where the file holds none.
 */
export async function readAuthorities(named: string | undefined): Promise<string[] | undefined> {
  if (isSystem(named)) return [...getCACertificates('system'), ...getCACertificates('default')];
  return named === undefined ? undefined : [...(await readCertificates(named))];
}
