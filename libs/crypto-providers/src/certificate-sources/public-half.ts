import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { KeyProviderMisconfigured } from '../contract/key-provider.errors.js';
import { type CertificateSource, readKeyFileSource } from './certificate.settings.js';
import { explainUnusable, UnusableKeyFile, type KeyFileSource, NoPrivateKey } from '../key-files/key-file.js';
import { readKeyFile } from '../key-files/read-key-file.js';

/**
 * The public half out of a certificate whose private key may be elsewhere; what is wrong is KeyProviderMisconfigured.
 */
export async function readPublicHalf(source: CertificateSource, timeoutSeconds: number): Promise<KeyObject> {
  const file = await readKeyFileSource(source, { timeoutSeconds, recordedKeyReferences: [] });
  try {
    return derCertificate(file.bytes)?.publicKey ?? (await publicHalfOf(file));
  } catch (error) {
    if (error instanceof UnusableKeyFile) throw new KeyProviderMisconfigured(explainUnusable(error, file));
    throw error;
  } finally {
    file.bytes.fill(0);
  }
}

async function publicHalfOf(file: KeyFileSource): Promise<KeyObject> {
  try {
    return createPublicKey((await readKeyFile(file)).privateKey);
  } catch (error) {
    const certificate = error instanceof NoPrivateKey ? endEntityOf(error.certificates) : undefined;
    if (certificate === undefined) throw error;
    return certificate.publicKey;
  }
}

/** Of a chain, the one that is no authority's; a self-signed certificate of openssl is both, and alone. */
function endEntityOf(encoded: readonly (Buffer | string)[]): X509Certificate | undefined {
  const certificates = encoded.map((one) => new X509Certificate(one));
  return certificates.find(({ ca }) => !ca) ?? certificates[0];
}

function derCertificate(bytes: Buffer): X509Certificate | undefined {
  try {
    return bytes.includes('-----BEGIN ') ? undefined : new X509Certificate(bytes);
  } catch {
    return undefined;
  }
}
