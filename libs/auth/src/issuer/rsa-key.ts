import type { KeyObject } from 'node:crypto';

const MIN_BITS = 2048; // RFC 7518, section 3.3
const MAX_BITS = 8192; // Verifying takes microseconds up to here; OpenSSL itself stops at 16384.

/** What makes a key unfit for RS256; `undefined` when nothing does. */
export function unfitForRs256(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType !== 'rsa') return 'it is not an RSA key';
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_BITS) return `it has ${modulusLength} bits, fewer than ${MIN_BITS}`;
  if (modulusLength > MAX_BITS) return `it has ${modulusLength} bits, more than ${MAX_BITS}`;
  // With the exponent 1 every signature is its own proof.
  if (publicExponent < 3n || publicExponent % 2n === 0n) return 'its public exponent is weak';
  return undefined;
}
