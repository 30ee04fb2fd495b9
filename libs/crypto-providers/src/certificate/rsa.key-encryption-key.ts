import { createHash, createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from '../key-encryption-key.js';
import { UnwrapFailed } from '../key-provider.errors.js';
import type { KeyFile } from './key-file.js';

/** RSAES-OAEP (RFC 8017, section 7.1) under its JOSE names (RFC 7518, section 4.3): the hash is also MGF1's. */
const hashes = { 'RSA-OAEP': 'SHA-1', 'RSA-OAEP-256': 'SHA-256' } as const;
type RsaOaep = keyof typeof hashes;

/** SHA-1 is still sound in OAEP, but policies forbid it: only classic wrappings are made with it. */
const defaultAlgorithm: RsaOaep = 'RSA-OAEP-256';

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
      {
        'RSA-OAEP': keyPair(publicKey, privateKey, 'RSA-OAEP'),
        'RSA-OAEP-256': keyPair(publicKey, privateKey, 'RSA-OAEP-256'),
      },
    );
  }

  async wrap(dataKey: Uint8Array, algorithm: string = defaultAlgorithm): Promise<WrappedKey> {
    if (dataKey.length !== dataKeyLength) throw new RangeError(`a data key has ${dataKeyLength} bytes`);
    if (!isRsaOaep(algorithm)) throw new RangeError(`an RSA key does not wrap with ${algorithm}`);
    const { publicKey } = this.keys[algorithm];
    const plain = new Uint8Array(dataKey);
    try {
      const ciphertext = await crypto.subtle.encrypt({ name: 'RSA-OAEP' }, publicKey, plain);
      return { keyReference: this.keyReference, algorithm, ciphertext: new Uint8Array(ciphertext) };
    } finally {
      plain.fill(0);
    }
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

/** The id of the key-encryption key with this public key: `sha256:` + hex over its SPKI DER. */
function fingerprint(publicKey: KeyObject): string {
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

function keyPair(publicKey: KeyObject, privateKey: KeyObject, algorithm: RsaOaep): webcrypto.CryptoKeyPair {
  const parameters = { name: 'RSA-OAEP', hash: hashes[algorithm] };
  return {
    publicKey: publicKey.toCryptoKey(parameters, false, ['encrypt']),
    privateKey: privateKey.toCryptoKey(parameters, false, ['decrypt']),
  };
}

function isRsaOaep(algorithm: string): algorithm is RsaOaep {
  return Object.hasOwn(hashes, algorithm);
}
