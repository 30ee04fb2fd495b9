import type { KeyFileContents } from '../choose-key.js';
import { UnusableKeyFile, WrongPassword } from '../key-file.js';
import { Asn1, malformed } from './asn1.js';
import { type EncodedPassword, passwordCandidates } from './encoded-password.js';
import { macMatches } from './mac.js';
import { dataOf, openSafes } from './safe-bags.js';

const version = 3;

/**
 * Reads the private keys and certificates of a PKCS#12 file (RFC 7292). Bytes behind it are ignored, as everybody does.
 *
 * Written here, on Node's own ciphers, because Node reads PKCS#12 for TLS only and without RC2, and node-forge's reader
 * derives keys on the event loop without a limit and knows no PBMAC1 (RFC 9579).
 */
export async function readPkcs12(bytes: Buffer, password: string | undefined): Promise<KeyFileContents> {
  const pfx = Asn1.parseFirst(bytes);
  if (pfx.child(0).count() !== version) throw malformed();
  return openWithPassword(dataOf(pfx.child(1)), pfx.children[2], password ?? '');
}

async function openWithPassword(
  contents: Buffer,
  macData: Asn1 | undefined,
  password: string,
): Promise<KeyFileContents> {
  if (macData === undefined) return openUnauthenticated(contents, passwordCandidates(password));
  for (const candidate of passwordCandidates(password))
    if (await macMatches(macData, contents, candidate)) return openAuthenticated(contents, candidate);
  throw new WrongPassword();
}

/** The MAC has matched, so the password is right: what does not open now is damaged or under another password. */
async function openAuthenticated(contents: Buffer, password: EncodedPassword): Promise<KeyFileContents> {
  try {
    return await openSafes(contents, password);
  } catch (error) {
    if (error instanceof WrongPassword)
      throw new UnusableKeyFile('its contents are under another password than the file, or damaged');
    throw error;
  }
}

/** A file without MAC (`openssl pkcs12 -nomac`): the first candidate that decrypts is the password. */
async function openUnauthenticated(contents: Buffer, candidates: readonly EncodedPassword[]): Promise<KeyFileContents> {
  for (const candidate of candidates)
    try {
      return await openSafes(contents, candidate);
    } catch (error) {
      if (!(error instanceof WrongPassword)) throw error;
    }
  throw new WrongPassword();
}
