import { createPrivateKey, createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import { publicKeyFacts, requireOpened, wrapWithPublicKey } from '@key-connector/crypto-providers';
import type { Secret } from '@key-connector/common';
import { OpenRecoveryKey, RecoveryKey, requireDataKeyId } from './recovery-key.js';
import { RecoveryKeyUnusable } from './recovery-keys.errors.js';

const algorithm = 'RSA-OAEP-256';
const oaep = { name: 'RSA-OAEP', hash: 'SHA-256' } as const;

/** Bits of the modulus. It has to last for decades: 128 bits of security from 3072 on (NIST SP 800-57, table 2). */
const bits = { min: 3072, max: 8192 };

/** The least and the first too large public exponent (FIPS 186-5, section A.1.1: 2¹⁶ < e < 2²⁵⁶, odd). */
const exponent = { min: 65_537n, below: 2n ** 256n };

/**
 * A recovery key whose private half an operator keeps offline. RSA-OAEP names no data key: the check that the ring's
 * manifest has of each does.
 */
class RsaRecoveryKey extends RecoveryKey {
  override readonly algorithm = algorithm;
  override readonly id: string;
  override readonly publicKey: string;

  constructor(key: KeyObject) {
    super();
    ({ id: this.id, publicKey: this.publicKey } = publicKeyFacts(key));
  }

  override async wrap(dataKeyId: number, secret: Uint8Array): Promise<Uint8Array> {
    requireDataKeyId(dataKeyId);
    return await wrapWithPublicKey(this, secret);
  }
}

/** Its private half. Decrypting runs on libuv's thread pool. */
class OpenRsaRecoveryKey extends OpenRecoveryKey {
  override readonly key: RecoveryKey;
  readonly #private: webcrypto.CryptoKey;

  constructor(key: KeyObject) {
    super();
    this.key = new RsaRecoveryKey(createPublicKey(key));
    this.#private = key.toCryptoKey(oaep, false, ['decrypt']);
  }

  override async unwrap(dataKeyId: number, wrapping: Uint8Array): Promise<Uint8Array> {
    requireDataKeyId(dataKeyId);
    const opened = crypto.subtle.decrypt(oaep, this.#private, Uint8Array.from(wrapping)).then(
      (plain) => new Uint8Array(plain),
      () => undefined,
    );
    return requireOpened(await opened);
  }
}

/** Refuses what is not RSA, is weak, or is larger than any use. */
function requireStrong({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {};
  const problem =
    asymmetricKeyType !== 'rsa'
      ? `is of the type ${asymmetricKeyType ?? 'unknown'}, not RSA (RSA-PSS only signs)`
      : modulusLength < bits.min
        ? `has ${modulusLength} bits, too few for a key that has to last for years`
        : modulusLength > bits.max
          ? `has ${modulusLength} bits, more than this service takes`
          : publicExponent < exponent.min || publicExponent >= exponent.below || publicExponent % 2n === 0n
            ? 'has a public exponent that is not safe; 65537 is usual'
            : undefined;
  if (problem === undefined) return;
  throw new RecoveryKeyUnusable(
    `The recovery key ${problem}. Make an RSA key of ${bits.min} to ${bits.max} bits: ` +
      'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -aes256 -out recovery.pem',
  );
}

/** The recovery key with this RSA public key; throws RecoveryKeyUnusable for one that is weak. */
export function rsaRecoveryKey(key: KeyObject): RecoveryKey {
  requireStrong(key);
  return new RsaRecoveryKey(key);
}

/**
 * The recovery key with this RSA private key, of a PEM file (PKCS#8 or PKCS#1) that the caller wipes. Throws
 * RecoveryKeyUnusable where it does not open with the passphrase.
 */
export function openRsaPrivateKey(file: Buffer, passphrase?: Secret): OpenRecoveryKey {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: file, ...(passphrase && { passphrase: passphrase.reveal() }) });
  } catch {
    throw new RecoveryKeyUnusable(
      passphrase === undefined
        ? 'This is not a private key, or it needs a passphrase.'
        : 'This is not a private key, or its passphrase is another.',
    );
  }
  requireStrong(key);
  return new OpenRsaRecoveryKey(key);
}
