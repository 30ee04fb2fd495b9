import { getCACertificates } from 'node:tls';
import { readCertificates, readSmallText } from '@key-connector/common';
import { isSystem } from '../connection-string/authorities.js';

/** A certificate or a key is some kilobytes; a bundle of all public authorities 250 KB. */
const limits = { maxBytes: 1024 * 1024, seconds: 10 };

/**
 * The text of a PEM file that a connection string names; `undefined` where it names none.
 *
 * @throws FileUnreadable with the path and why, when it cannot be read in time.
 */
export const readPem = async (path: string | undefined): Promise<string | undefined> =>
  path === undefined ? undefined : readSmallText(path, limits);

/**
 * The certificate authorities that a connection string names: those of a file, PEM or DER, or of the operating system beside
 * those that this process trusts anyway; `undefined` where it names none.
 *
 * @throws FileUnreadable as {@link readPem}, and where the file holds none.
 */
export async function readAuthorities(named: string | undefined): Promise<string[] | undefined> {
  if (isSystem(named)) return [...getCACertificates('system'), ...getCACertificates('default')];
  return named === undefined ? undefined : [...(await readCertificates(named))];
}
