import type { KeyObject } from 'node:crypto';
import { readPublicHalf } from '../../certificate-sources/public-half.js';
import { KeyFileProblem } from '../../key-files/key-file.js';
import { requireUsableRsaKey } from '../../key-files/rsa-key.policy.js';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import type { KeyProviderSettings } from '../../key-provider.settings.js';
import { Pkcs11KeyEncryptionKey } from './pkcs11.key-encryption-key.js';
import { publicKeyOfToken } from './pkcs11.public-key.js';
import { Token } from './token.js';
import type { FoundKey } from './token.protocol.js';

/**
 * Opens a private key that stays behind a PKCS#11 module.
 *
 * @param environment the whole environment of the module; without one, that of this process.
 */
export async function openPkcs11(
  settings: KeyProviderSettings<'pkcs11'>,
  environment?: NodeJS.ProcessEnv,
): Promise<Pkcs11KeyEncryptionKey> {
  const { certificate, timeoutSeconds } = settings;
  const fromCertificate = certificate && (await readPublicHalf(certificate, timeoutSeconds));
  const token = new Token(settings.token, { environment, silenceMs: timeoutSeconds * 1000 });
  try {
    const found = await token.find();
    const fromToken = publicKeyOfToken(found);
    const publicKey = choosePublicKey(fromCertificate, fromToken);
    requireUsable(publicKey, found);
    const confirmed = fromToken !== undefined;
    return await Pkcs11KeyEncryptionKey.prove({ token, found, publicKey, confirmed }, settings.oaepHash);
  } catch (error) {
    await token.close();
    throw error;
  }
}

function choosePublicKey(fromCertificate: KeyObject | undefined, fromToken: KeyObject | undefined): KeyObject {
  if (fromCertificate !== undefined && fromToken !== undefined && !fromCertificate.equals(fromToken))
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

function requireUsable(publicKey: KeyObject, { label }: FoundKey): void {
  try {
    requireUsableRsaKey(publicKey);
  } catch (error) {
    if (!(error instanceof KeyFileProblem)) throw error;
    throw new KeyProviderMisconfigured(`The private key "${label}" in the token cannot be used: ${error.message}.`);
  }
}
