import { createHash, createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from '../key-encryption-key.js';
import { UnwrapFailed } from '../key-provider.errors.js';
import type { KeyFile } from './key-file.js';

/** RSAES-OAEP (RFC 8017, section 7.1) under its JOSE names (RFC 7518, section 4.3): the hash is also MGF1's. */
const hashes = { 'RSA-OAEP': 'SHA-1', 'RSA-OAEP-256': 'SHA-256' } as const;
type RsaOaep = keyof typeof hashes;

const writes: RsaOaep = 'RSA-OAEP-256';

/**
 * An RSA key held in memory, as CryptoKeys: WebCrypto runs each operation on libuv's thread pool, so that a private-key
 * operation (milliseconds for 4096 bits) never holds the event loop.
 */
export class RsaKeyEncryptionKey extends KeyEncryptionKey {
  override readonly classicAlgorithm: RsaOaep = 'RSA-OAEP';

  private constructor(
    override readonly id: string,
    override readonly description: string,
    private readonly keyReference: string,
    private readonly publicKey: webcrypto.CryptoKey,
    private readonly privateKeys: Readonly<Record<RsaOaep, webcrypto.CryptoKey>>,
  ) {
    super();
  }

  static fromKeyFile({ privateKey, certificate }: KeyFile, origin: string): RsaKeyEncryptionKey {
    const publicKey = createPublicKey(privateKey);
    const id = fingerprint(publicKey);
    const thumbprint = certificate?.fingerprint.replaceAll(':', '').toLowerCase();
    return new RsaKeyEncryptionKey(
      id,
      `RSA ${privateKey.asymmetricKeyDetails?.modulusLength ?? ''} from ${origin}`,
      thumbprint === undefined ? `rsa-public-key:${id}` : `certificate:sha1:${thumbprint}`,
      publicKey.toCryptoKey({ name: 'RSA-OAEP', hash: hashes[writes] }, false, ['encrypt']),
      {
        'RSA-OAEP': decryptionKey(privateKey, 'RSA-OAEP'),
        'RSA-OAEP-256': decryptionKey(privateKey, 'RSA-OAEP-256'),
      },
    );
  }

  async wrap(dataKey: Uint8Array): Promise<WrappedKey> {
    if (dataKey.length !== dataKeyLength) throw new RangeError(`a data key has ${dataKeyLength} bytes`);
    const ciphertext = await crypto.subtle.encrypt({ name: 'RSA-OAEP' }, this.publicKey, new Uint8Array(dataKey));
    return { keyReference: this.keyReference, algorithm: writes, ciphertext: new Uint8Array(ciphertext) };
  }

  async unwrap({ algorithm, ciphertext }: WrappedKey): Promise<Uint8Array> {
    if (!isRsaOaep(algorithm)) throw new UnwrapFailed();
    const dataKey = await crypto.subtle
      .decrypt({ name: 'RSA-OAEP' }, this.privateKeys[algorithm], new Uint8Array(ciphertext))
      .then((plain) => new Uint8Array(plain))
      .catch(() => {
        throw new UnwrapFailed();
      });
    if (dataKey.length === dataKeyLength) return dataKey;
    dataKey.fill(0);
    throw new UnwrapFailed();
  }
}

/** The id of the key-encryption key with this public key: `sha256:` + hex over its SPKI DER. */
function fingerprint(publicKey: KeyObject): string {
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

function decryptionKey(privateKey: KeyObject, algorithm: RsaOaep): webcrypto.CryptoKey {
  return privateKey.toCryptoKey({ name: 'RSA-OAEP', hash: hashes[algorithm] }, false, ['decrypt']);
}

function isRsaOaep(algorithm: string): algorithm is RsaOaep {
  return Object.hasOwn(hashes, algorithm);
}
