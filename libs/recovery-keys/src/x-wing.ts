import {
  createHash,
  createPrivateKey,
  createPublicKey,
  decapsulate as decapsulateMlKem,
  diffieHellman,
  encapsulate as encapsulateMlKem,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';

/** Bytes of an X-Wing seed, which is the whole private key; of its public key; and of what is sent. */
export const xWingLengths = { seed: 32, publicKey: 1216, ciphertext: 1120 } as const;

/** Bytes of ML-KEM-768's half, which comes first in the public key and in the ciphertext (FIPS 203, table 3). */
const mlKem = { publicKey: 1184, ciphertext: 1088, seed: 64 } as const;

/** The last input of the combiner: `\.//^\`. */
const label = Buffer.from('5c2e2f2f5e5c', 'hex');

/** Both halves of one side. They are keys of OpenSSL, which clears their memory when they are gone. */
interface Pair {
  readonly mlKem: KeyObject;
  readonly x25519: KeyObject;
}

/**
 * X-Wing, a key-encapsulation mechanism that holds while X25519 or ML-KEM-768 does (draft-connolly-cfrg-xwing-kem-10),
 * on Node's own implementations of both. A public key whose ML-KEM half is not one makes the constructor throw.
 *
 * @example
 * const { sharedSecret, ciphertext } = new XWingPublicKey(bytes).encapsulate();
 * const same = new XWingPrivateKey(seed).decapsulate(ciphertext);
 */
export class XWingPublicKey {
  readonly #pair: Pair;
  readonly #x25519: Buffer;

  /** `bytes`: ML-KEM-768's public key ‖ X25519's. */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== xWingLengths.publicKey) throw new RangeError('an X-Wing public key has 1216 bytes');
    this.#x25519 = Buffer.from(bytes.subarray(mlKem.publicKey));
    this.#pair = {
      mlKem: publicKeyOf('ml-kem-768', bytes.subarray(0, mlKem.publicKey)),
      x25519: publicKeyOf('x25519', this.#x25519),
    };
  }

  /** A secret of 32 bytes, which the caller wipes, and the 1120 bytes from which the private key gets it again. */
  encapsulate(): { sharedSecret: Buffer; ciphertext: Buffer } {
    const ephemeral = generateKeyPairSync('x25519');
    const x25519Ciphertext = ephemeral.publicKey.export({ format: 'raw-public' });
    const mlKemPart = encapsulateMlKem(this.#pair.mlKem);
    const x25519Secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: this.#pair.x25519 });
    return {
      sharedSecret: combine(mlKemPart.sharedKey, x25519Secret, x25519Ciphertext, this.#x25519),
      ciphertext: Buffer.concat([mlKemPart.ciphertext, x25519Ciphertext]),
    };
  }
}

/** The private half of {@link XWingPublicKey}, from its seed of 32 bytes, which it does not keep. */
export class XWingPrivateKey {
  readonly #pair: Pair;
  readonly #x25519: Buffer;
  /** The public key, 1216 bytes. */
  readonly publicKey: Buffer;

  constructor(seed: Uint8Array) {
    if (seed.length !== xWingLengths.seed) throw new RangeError('an X-Wing seed has 32 bytes');
    const expanded = createHash('shake256', { outputLength: mlKem.seed + 32 })
      .update(seed)
      .digest();
    try {
      this.#pair = {
        mlKem: privateKeyOf('ml-kem-768', 'raw-seed', expanded.subarray(0, mlKem.seed)),
        x25519: privateKeyOf('x25519', 'raw-private', expanded.subarray(mlKem.seed)),
      };
    } finally {
      expanded.fill(0);
    }
    this.#x25519 = rawPublic(this.#pair.x25519);
    this.publicKey = Buffer.concat([rawPublic(this.#pair.mlKem), this.#x25519]);
  }

  /**
   * The secret that `ciphertext` was sent with, 32 bytes, which the caller wipes. One that was sent to another key, or
   * altered, gives a secret that nobody has: what is sealed with it does not open.
   */
  decapsulate(ciphertext: Uint8Array): Buffer {
    if (ciphertext.length !== xWingLengths.ciphertext) throw new RangeError('an X-Wing ciphertext has 1120 bytes');
    const x25519Ciphertext = ciphertext.subarray(mlKem.ciphertext);
    const mlKemSecret = decapsulateMlKem(this.#pair.mlKem, ciphertext.subarray(0, mlKem.ciphertext));
    const x25519Secret = diffieHellman({
      privateKey: this.#pair.x25519,
      publicKey: publicKeyOf('x25519', x25519Ciphertext),
    });
    return combine(mlKemSecret, x25519Secret, x25519Ciphertext, this.#x25519);
  }
}

/** SHA3-256 over both secrets, X25519's two public keys and the label (section 5.3); wipes the secrets. */
function combine(mlKemSecret: Buffer, x25519Secret: Buffer, ciphertext: Uint8Array, publicKey: Uint8Array): Buffer {
  try {
    const hash = createHash('sha3-256').update(mlKemSecret).update(x25519Secret);
    return hash.update(ciphertext).update(publicKey).update(label).digest();
  } finally {
    mlKemSecret.fill(0);
    x25519Secret.fill(0);
  }
}

type KeyType = 'ml-kem-768' | 'x25519';

const publicKeyOf = (asymmetricKeyType: KeyType, bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(bytes), format: 'raw-public', asymmetricKeyType });

const privateKeyOf = (asymmetricKeyType: KeyType, format: 'raw-seed' | 'raw-private', key: Buffer): KeyObject =>
  createPrivateKey({ key, format, asymmetricKeyType });

const rawPublic = (privateKey: KeyObject): Buffer => createPublicKey(privateKey).export({ format: 'raw-public' });
