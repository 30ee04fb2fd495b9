import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { type Asn1, malformed } from './asn1.js';
import { boundedIterations } from './iterations.js';
import type { HashName } from './pkcs12-kdf.js';
import { unsupported } from './unsupported.js';

const oids = { pbkdf2: '1.2.840.113549.1.5.12' };

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

/** Derives a key as an AlgorithmIdentifier of PBKDF2 says (RFC 8018, section 5.2), on the thread pool. */
export async function derivePbkdf2(algorithm: Asn1, password: Buffer, length: number): Promise<Buffer> {
  const oid = algorithm.child(0).oid();
  if (oid !== oids.pbkdf2) return unsupported(oid);
  const [salt, iterations, ...optional] = algorithm.child(1).children;
  if (salt === undefined || iterations === undefined) throw malformed();
  const keyLength = optional.find((field) => field.isInteger)?.count();
  if (keyLength !== undefined && keyLength !== length) throw malformed();
  const prf = optional.find((field) => field.isSequence);
  return promisify(pbkdf2)(
    password,
    salt.octets(),
    boundedIterations(iterations.count()),
    length,
    prf === undefined ? 'sha1' : hmacHash(prf),
  );
}
