import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import { publicKeyFingerprint } from '../../contract/fingerprint.js';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from '../../contract/key-encryption-key.js';
import { UnwrapFailed } from '../../contract/key-provider.errors.js';
import {
  isRsaOaep,
  type OaepHash,
  oaepHashes,
  oaepWith,
  requireDataKey,
  type RsaOaep,
  wrappingKey,
  wrapWithPublicKey,
} from '../../contract/rsa-oaep.js';
import type { KeyFile, KeyFileSource } from '../../key-files/key-file.js';

/** SHA-1 is still sound in OAEP, but policies forbid it: unasked, only classic wrappings are made with it. */
const defaultHash: OaepHash = 'sha256';

/**
 * An RSA key held in memory, as CryptoKeys: WebCrypto runs each operation on libuv's thread pool, so that a private-key
 * operation (milliseconds for 4096 bits) never holds the event loop.
 */
export class RsaKeyEncryptionKey extends KeyEncryptionKey {
  override readonly classicAlgorithm: RsaOaep = 'RSA-OAEP';

  private constructor(
    override readonly id: string,
    override readonly description: string,
    override readonly keyReference: string,
    private readonly keys: Readonly<Record<RsaOaep, webcrypto.CryptoKeyPair>>,
    private readonly defaultAlgorithm: RsaOaep,
  ) {
    super();
  }

  static fromKeyFile(
    { privateKey, certificate }: KeyFile,
    { origin, version }: Pick<KeyFileSource, 'origin' | 'version'>,
    hash: OaepHash = defaultHash,
  ): RsaKeyEncryptionKey {
    const publicKey = createPublicKey(privateKey);
    const id = publicKeyFingerprint(publicKey);
    const thumbprint = certificate?.fingerprint.replaceAll(':', '').toLowerCase();
    const name = thumbprint === undefined ? `rsa-public-key:${id}` : `certificate:sha1:${thumbprint}`;
    return new RsaKeyEncryptionKey(
      id,
      `RSA ${privateKey.asymmetricKeyDetails?.modulusLength ?? ''} from ${origin}`,
      version === undefined ? name : `${name}@${version}`,
      {
        'RSA-OAEP': keyPair(publicKey, privateKey, 'RSA-OAEP'),
        'RSA-OAEP-256': keyPair(publicKey, privateKey, 'RSA-OAEP-256'),
      },
      oaepWith(hash),
    );
  }

  async wrap(dataKey: Uint8Array, algorithm: string = this.defaultAlgorithm): Promise<WrappedKey> {
    requireDataKey(dataKey);
    if (!isRsaOaep(algorithm)) throw new RangeError(`an RSA key does not wrap with ${algorithm}`);
    const ciphertext = await wrapWithPublicKey(this.keys[algorithm].publicKey, dataKey);
    return { keyReference: this.keyReference, algorithm, ciphertext };
  }

  async unwrap({ algorithm, ciphertext }: WrappedKey): Promise<Uint8Array> {
    if (!isRsaOaep(algorithm)) throw new UnwrapFailed();
    const dataKey = await crypto.subtle
      .decrypt({ name: 'RSA-OAEP' }, this.keys[algorithm].privateKey, new Uint8Array(ciphertext))
      .then((plain) => new Uint8Array(plain))
      .catch(() => {
        throw new UnwrapFailed();
      });
    if (dataKey.length === dataKeyLength) return dataKey;
    dataKey.fill(0);
    throw new UnwrapFailed();
  }
}

function keyPair(publicKey: KeyObject, privateKey: KeyObject, algorithm: RsaOaep): webcrypto.CryptoKeyPair {
  const parameters = { name: 'RSA-OAEP', hash: oaepHashes[algorithm] };
  return {
    publicKey: wrappingKey(publicKey, algorithm),
    privateKey: privateKey.toCryptoKey(parameters, false, ['decrypt']),
  };
}
