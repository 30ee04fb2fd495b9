import { type KeyFile, UnusableKeyFile, NoPrivateKey, WrongPassword } from '../key-file.js';
import { matchingCertificate } from '../matching-certificate.js';
import { Asn1, malformed } from './asn1.js';
import { type EncodedPassword, passwordCandidates } from './encoded-password.js';
import { macMatches } from './mac.js';
import { dataOf, openSafes, type SafeBags } from './safe-bags.js';

const version = 3;

/**
 * Reads the one private key of a PKCS#12 file (RFC 7292), and its certificate.
 *
 * Written here, on Node's own ciphers, because Node reads PKCS#12 for TLS only and without RC2, and node-forge's reader
 * derives keys on the event loop without a limit and knows no PBMAC1 (RFC 9579).
 */
export async function readPkcs12(bytes: Buffer, password: string | undefined): Promise<KeyFile> {
  const pfx = Asn1.parse(bytes);
  if (pfx.child(0).count() !== version) throw malformed();
  const contents = dataOf(pfx.child(1));
  const bags = await openWithPassword(contents, pfx.children[2], password ?? '');
  const [own, ...others] = bags.keys;
  if (own === undefined) throw new NoPrivateKey(bags.certificates.map(({ der }) => der));
  if (others.length > 0) throw new UnusableKeyFile('there is more than one private key in it; leave only one');
  return { privateKey: own.key, certificate: matchingCertificate(own.key, candidates(bags, own.localKeyId)) };
}

async function openWithPassword(contents: Buffer, macData: Asn1 | undefined, password: string): Promise<SafeBags> {
  if (macData === undefined) return openUnauthenticated(contents, passwordCandidates(password));
  for (const candidate of passwordCandidates(password))
    if (await macMatches(macData, contents, candidate)) return openAuthenticated(contents, candidate);
  throw new WrongPassword();
}

/** The MAC has matched, so the password is right: what does not open now is damaged or under another password. */
async function openAuthenticated(contents: Buffer, password: EncodedPassword): Promise<SafeBags> {
  try {
    return await openSafes(contents, password);
  } catch (error) {
    if (error instanceof WrongPassword)
      throw new UnusableKeyFile('its contents are under another password than the file, or damaged');
    throw error;
  }
}

/** A file without MAC (`openssl pkcs12 -nomac`): the first candidate that decrypts is the password. */
async function openUnauthenticated(contents: Buffer, candidates: readonly EncodedPassword[]): Promise<SafeBags> {
  for (const candidate of candidates)
    try {
      return await openSafes(contents, candidate);
    } catch (error) {
      if (!(error instanceof WrongPassword)) throw error;
    }
  throw new WrongPassword();
}

/** The certificates that say they are the key's; when none says so, all of them. */
function candidates({ certificates }: SafeBags, localKeyId: string | undefined): Buffer[] {
  const own = certificates.filter((certificate) => localKeyId !== undefined && certificate.localKeyId === localKeyId);
  return (own.length > 0 ? own : certificates).map(({ der }) => der);
}
