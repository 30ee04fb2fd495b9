import type { KeyObject } from 'node:crypto';
import { UnusableKeyFile } from './key-file.js';

/**
 * Bits of an RSA modulus: under 2048 is weak (NIST SP 800-131A); over 4096 is slower and no provider we know has it.
 */
const bits = { min: 2048, max: 4096 };

/** Refuses a private key that is not RSA, or is weak. */
export function requireUsableRsaKey(privateKey: KeyObject): void {
  if (privateKey.asymmetricKeyType !== 'rsa')
    throw new UnusableKeyFile(`its private key is ${privateKey.asymmetricKeyType ?? 'of an unknown type'}, not RSA`);
  const size = privateKey.asymmetricKeyDetails?.modulusLength ?? 0;
  const range = `${bits.min} to ${bits.max}`;
  if (size < bits.min) throw new UnusableKeyFile(`its RSA key has ${size} bits, which is too weak; use ${range}`);
  if (size > bits.max) throw new UnusableKeyFile(`its RSA key has ${size} bits, which is too long; use ${range}`);
}
