import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { type Asn1, malformed } from './asn1.js';
import type { HashName } from './pkcs12-kdf.js';
import { boundedIterations, unsupported } from './supported.js';

const pbkdf2Oid = '1.2.840.113549.1.5.12';

/** HMAC as pseudo-random function or message authentication (RFC 8018, appendix B.1). */
const hmacs: Readonly<Record<string, HashName>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

/** The hash of an HMAC's AlgorithmIdentifier. */
export function hmacHash(algorithm: Asn1): HashName {
  const oid = algorithm.child(0).oid();
  return hmacs[oid] ?? unsupported(oid);
}

/** What an AlgorithmIdentifier of PBKDF2 says (RFC 8018, appendix A.2). */
interface Pbkdf2Parameters {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly keyLength: number | undefined;
  readonly prf: HashName;
}

/** Derives a key for a cipher, on the thread pool. */
export async function derivePbkdf2(algorithm: Asn1, password: Buffer, length: number): Promise<Buffer> {
  const { salt, iterations, keyLength, prf } = parsePbkdf2(algorithm);
  if (keyLength !== undefined && keyLength !== length) throw malformed();
  return promisify(pbkdf2)(password, salt, iterations, length, prf);
}

/** Derives a MAC key: PBKDF2 has to name its length, of at least 20 bytes (RFC 9579, section 4). */
export async function derivePbmac1Key(algorithm: Asn1, password: Buffer): Promise<Buffer> {
  const { salt, iterations, keyLength, prf } = parsePbkdf2(algorithm);
  if (keyLength === undefined || keyLength < 20 || keyLength > 64) throw malformed();
  return promisify(pbkdf2)(password, salt, iterations, keyLength, prf);
}

function parsePbkdf2(algorithm: Asn1): Pbkdf2Parameters {
  const oid = algorithm.child(0).oid();
  if (oid !== pbkdf2Oid) return unsupported(oid);
  const parameters = algorithm.child(1);
  const optional = parameters.children.slice(2);
  const prf = optional.find((field) => field.isSequence);
  return {
    salt: parameters.child(0).octets(),
    iterations: boundedIterations(parameters.child(1).count()),
    keyLength: optional.find((field) => field.isInteger)?.count(),
    prf: prf === undefined ? 'sha1' : hmacHash(prf),
  };
}
