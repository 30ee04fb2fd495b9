import type { X509Certificate } from 'node:crypto';

/** The SHA-1 thumbprint of a certificate as .NET, Windows and Azure show it: 40 hexadecimal digits, in lower case. */
export const thumbprintOf = ({ fingerprint }: X509Certificate): string => fingerprint.replaceAll(':', '').toLowerCase();

/**
 * A thumbprint that somebody copied: with blanks or colons, in any case, and with a mark of writing direction in front
 * that nobody sees. The digits in lower case; `undefined` where they are not 40.
 */
export function readThumbprint(given: string): string | undefined {
  const digits = given.replaceAll(/[^0-9a-f]/gi, '').toLowerCase();
  return digits.length === 40 ? digits : undefined;
}
