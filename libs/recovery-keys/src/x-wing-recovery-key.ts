import { createCipheriv, createDecipheriv, createHash, hkdf, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { requireDataKey, requireOpened, UnwrapFailed } from '@key-connector/crypto-providers';
import { OpenRecoveryKey, RecoveryKey, requireDataKeyId } from './recovery-key.js';
import { RecoveryKeyUnusable } from './recovery-keys.errors.js';
import { xWingLengths, XWingPrivateKey, XWingPublicKey } from './x-wing.js';

const algorithm = 'X-Wing+A256GCM';
const cipher = { name: 'aes-256-gcm', keyLength: 32, ivLength: 12, tagLength: 16 } as const;

const deriveKey = promisify(hkdf);
const noSalt = new Uint8Array();

/** What an id is the hash of, before the public key. */
const idLabel = Buffer.from('key-connector x-wing v1\0', 'utf8');

/** What a wrapping is tied to, before the data key's id and the recovery key's. */
const wrappingLabel = Buffer.from('key-connector x-wing wrapping v1\0', 'utf8');

/**
 * A recovery key that was made here from 32 random bytes.
 *
 * Wrapping = X-Wing ciphertext (1120 bytes) ‖ IV (12) ‖ AES-256-GCM ciphertext (32) ‖ tag (16), under
 * HKDF-SHA-256(shared secret, empty salt, context); the context is the associated data too, and names both keys.
 */
class XWingRecoveryKey extends RecoveryKey {
  override readonly algorithm = algorithm;
  override readonly id: string;
  override readonly publicKey: string;
  readonly #hash: Buffer;
  readonly #key: XWingPublicKey;

  constructor(bytes: Uint8Array) {
    super();
    this.#key = new XWingPublicKey(bytes);
    this.#hash = createHash('sha256').update(idLabel).update(bytes).digest();
    this.id = `sha256:${this.#hash.toString('hex')}`;
    this.publicKey = Buffer.from(bytes).toString('base64');
  }

  /** Label ‖ data-key id as uint32, big-endian, in which −1 is 0xFFFFFFFF ‖ the 32 bytes of the recovery key's id. */
  contextOf(dataKeyId: number): Buffer {
    requireDataKeyId(dataKeyId);
    const id = Buffer.alloc(4);
    id.writeUInt32BE(dataKeyId >>> 0);
    return Buffer.concat([wrappingLabel, id, this.#hash]);
  }

  override async wrap(dataKeyId: number, secret: Uint8Array): Promise<Uint8Array> {
    requireDataKey(secret);
    const context = this.contextOf(dataKeyId);
    const { sharedSecret, ciphertext } = this.#key.encapsulate();
    return withKey(sharedSecret, context, (key) => Buffer.concat([ciphertext, seal(secret, key, context)]));
  }
}

/** Its private half. */
class OpenXWingRecoveryKey extends OpenRecoveryKey {
  override readonly key: XWingRecoveryKey;
  readonly #private: XWingPrivateKey;

  constructor(seed: Uint8Array) {
    super();
    this.#private = new XWingPrivateKey(seed);
    this.key = new XWingRecoveryKey(this.#private.publicKey);
  }

  override async unwrap(dataKeyId: number, wrapping: Uint8Array): Promise<Uint8Array> {
    const context = this.key.contextOf(dataKeyId);
    try {
      const sharedSecret = this.#private.decapsulate(wrapping.subarray(0, xWingLengths.ciphertext));
      const sealed = wrapping.subarray(xWingLengths.ciphertext);
      return requireOpened(await withKey(sharedSecret, context, (key) => open(sealed, key, context)));
    } catch {
      throw new UnwrapFailed();
    }
  }
}

/** Derives the key of one wrapping, hands it to `use`, and wipes it and the secret that it comes from. */
async function withKey<Result>(
  sharedSecret: Buffer,
  context: Buffer,
  use: (key: Uint8Array) => Result,
): Promise<Result> {
  let key: Uint8Array | undefined;
  try {
    key = new Uint8Array(await deriveKey('sha256', sharedSecret, noSalt, context, cipher.keyLength));
    return use(key);
  } finally {
    key?.fill(0);
    sharedSecret.fill(0);
  }
}

/** IV ‖ ciphertext ‖ tag. */
function seal(secret: Uint8Array, key: Uint8Array, context: Buffer): Buffer {
  const iv = randomBytes(cipher.ivLength);
  const encrypt = createCipheriv(cipher.name, key, iv, { authTagLength: cipher.tagLength }).setAAD(context);
  return Buffer.concat([iv, encrypt.update(secret), encrypt.final(), encrypt.getAuthTag()]);
}

/** Opens IV ‖ ciphertext ‖ tag. A wrong tag throws, and so does what is too short. */
function open(sealed: Uint8Array, key: Uint8Array, context: Buffer): Buffer {
  const tagAt = sealed.length - cipher.tagLength;
  const iv = sealed.subarray(0, cipher.ivLength);
  const decipher = createDecipheriv(cipher.name, key, iv, { authTagLength: cipher.tagLength });
  decipher.setAAD(context).setAuthTag(sealed.subarray(tagAt));
  const plain = decipher.update(sealed.subarray(cipher.ivLength, tagAt));
  try {
    decipher.final();
    return plain;
  } catch (error) {
    plain.fill(0);
    throw error;
  }
}

/** The seed of a new recovery key: 32 random bytes, which the caller splits and wipes. */
export const createSeed = (): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(xWingLengths.seed));

/** The recovery key with this seed of 32 bytes (else RangeError), which it does not keep: the caller wipes it. */
export const openSeed = (seed: Uint8Array): OpenRecoveryKey => new OpenXWingRecoveryKey(seed);

/** The public half, from its 1216 bytes; throws RecoveryKeyUnusable where they are none. */
export function xWingRecoveryKey(bytes: Uint8Array): RecoveryKey {
  try {
    return new XWingRecoveryKey(bytes);
  } catch (cause) {
    throw new RecoveryKeyUnusable('This is not an X-Wing public key: its bytes were altered.', { cause });
  }
}
