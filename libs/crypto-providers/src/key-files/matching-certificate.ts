import { type KeyObject, X509Certificate } from 'node:crypto';
import { UnusableKeyFile } from './key-file.js';

/** Finds the private key's certificate among those of its file, which may be a whole chain; none in the file is fine. */
export function matchingCertificate(
  privateKey: KeyObject,
  encoded: readonly (Buffer | string)[],
): X509Certificate | undefined {
  const own = encoded.map(parse).find((certificate) => certificate.checkPrivateKey(privateKey));
  if (own === undefined && encoded.length > 0)
    throw new UnusableKeyFile('its certificate does not belong to its private key');
  return own;
}

function parse(encoded: Buffer | string): X509Certificate {
  try {
    return new X509Certificate(encoded);
  } catch {
    throw new UnusableKeyFile('a certificate in it cannot be read');
  }
}
