import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isSameKey } from '@key-connector/common';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import { UnusableKeyFile } from '../../key-files/key-file.js';
import { requireUsableRsaKey } from '../../key-files/usable-rsa-key.js';
import type { FoundKey } from './token-protocol.js';

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

/** The public half to wrap with, out of the certificate and the token; both must be of one key where both are there. */
export function choosePublicKey(fromCertificate: KeyObject | undefined, fromToken: KeyObject | undefined): KeyObject {
  if (fromCertificate !== undefined && fromToken !== undefined && !isSameKey(fromCertificate, fromToken))
    throw new KeyProviderMisconfigured(
      'The certificate in certificate__* does not belong to the private key in the token; ' +
        'correct it, or leave certificate__* out: the token has the public half itself.',
    );
  const publicKey = fromCertificate ?? fromToken;
  if (publicKey !== undefined) return publicKey;
  throw new KeyProviderMisconfigured(
    'The token does not show the public half of the private key; give the certificate in certificate__*.',
  );
}

/** Refuses a key that is not RSA, or is weak. */
export function requireUsable(publicKey: KeyObject, { label }: FoundKey): void {
  try {
    requireUsableRsaKey(publicKey);
  } catch (error) {
    if (!(error instanceof UnusableKeyFile)) throw error;
    throw new KeyProviderMisconfigured(`The private key "${label}" in the token cannot be used: ${error.message}.`);
  }
}
