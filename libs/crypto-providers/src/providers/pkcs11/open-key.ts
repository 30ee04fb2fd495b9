import type { CertificateSource } from '../../certificate-sources/certificate.settings.js';
import { readPublicHalf } from '../../certificate-sources/public-half.js';
import { DataKeyWrapper } from '../../contract/data-key-wrapper.js';
import { publicKeyFacts } from '../../contract/fingerprint.js';
import type { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import type { OpenOptions } from '../../contract/key-provider-definition.js';
import { encryptWithPublicKey, type JoseOaep, oaepAlgorithms } from '../../contract/rsa-oaep.js';
import { Pkcs11Token } from './pkcs11-token.js';
import { proveAlgorithm } from './prove-algorithm.js';
import { choosePublicKey, publicKeyOfToken, requireUsable } from './public-key.js';
import type { Pkcs11TokenSettings } from './token-process.client.js';
import type { FoundKey } from './token-protocol.js';

/** What a key behind a PKCS#11 module needs. */
export interface Pkcs11Settings {
  readonly token: Pkcs11TokenSettings;
  /** Where the public half is; without one, the token's own is used. */
  readonly certificate: CertificateSource | undefined;
}

/**
 * Opens a private key that stays behind a PKCS#11 module: it wraps here, with the public half, and unwraps in the
 * token.
 *
 * @param environment the whole environment of the module; without one, that of this process.
 */
export async function openPkcs11(
  { token: tokenSettings, certificate }: Pkcs11Settings,
  { timeoutSeconds, oaepHash }: Pick<OpenOptions, 'timeoutSeconds' | 'oaepHash'>,
  environment?: NodeJS.ProcessEnv,
): Promise<KeyEncryptionKey> {
  const fromCertificate = certificate && (await readPublicHalf(certificate, timeoutSeconds));
  const token = new Pkcs11Token(tokenSettings, { environment, silenceMs: timeoutSeconds * 1000 });
  try {
    const found = await token.find();
    const fromToken = publicKeyOfToken(found);
    const publicKey = choosePublicKey(fromCertificate, fromToken);
    requireUsable(publicKey, found);
    const encrypt = encryptWithPublicKey(publicKey, oaepAlgorithms.jose);
    const keyReference = keyUri(found);
    const confirmed = fromToken !== undefined;
    const algorithm = await proveAlgorithm(token, encrypt, { keyReference, confirmed, hash: oaepHash });
    const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
    return new DataKeyWrapper<JoseOaep>(
      {
        ...publicKeyFacts(publicKey),
        description: `RSA ${bits} in the token "${found.tokenLabel}" (${keyReference})`,
        keyReference,
        algorithm,
        classicAlgorithm: 'RSA-OAEP',
      },
      {
        encrypt,
        // RFC 8017, section 7.1.2: a ciphertext is as long as the modulus. The token need not be asked about others.
        decrypt: async (ciphertext, name) =>
          ciphertext.length === bits / 8 ? token.decrypt(oaepAlgorithms.jose[name], ciphertext) : undefined,
        // Logs out, and ends the process that has the module loaded.
        close: () => token.close(),
      },
    );
  } catch (error) {
    await token.close();
    throw error;
  }
}

/** The key's URI of RFC 7512: the same in every process, and without a PIN. */
function keyUri({ serialNumber, label, id }: FoundKey): string {
  const parts = [
    `serial=${encodeURIComponent(serialNumber)}`,
    ...(id.length === 0 ? [] : [`id=${percentEncoded(id)}`]),
    ...(label === '' ? [] : [`object=${encodeURIComponent(label)}`]),
    'type=private',
  ];
  return `pkcs11:${parts.join(';')}`;
}

const percentEncoded = (id: Uint8Array): string =>
  [...id].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');
