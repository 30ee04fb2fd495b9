import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { FoundKey } from './token.protocol.js';

/** The public half as the token has it; `undefined` where it has none that can be read. */
export function publicKeyOfToken({ publicKey }: FoundKey): KeyObject | undefined {
  if (publicKey === undefined) return undefined;
  try {
    return 'certificate' in publicKey
      ? new X509Certificate(publicKey.certificate).publicKey
      : createPublicKey({
          format: 'jwk',
          key: { kty: 'RSA', n: base64url(publicKey.modulus), e: base64url(publicKey.publicExponent) },
        });
  } catch {
    return undefined;
  }
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
