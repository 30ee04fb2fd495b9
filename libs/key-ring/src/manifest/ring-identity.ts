import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';

/** The row of DataKeys and DataKeyWrappings that stands for the identity: no data key. */
export const identityRow = -1;

/** Bytes of the seed that the private key is made from (RFC 8032); it is wrapped as a data key is. */
const identitySeedLength = 32;

/** PKCS #8 of an Ed25519 private key (RFC 8410), up to its seed; and SPKI, up to its 32 bytes. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const spkiLength = 44;

/** What a signature is over: this, a zero byte, and the document. */
const context = Buffer.from('key-connector ring manifest v1\0', 'utf8');

/** The public half of a ring's Ed25519 key pair: it names the ring, and checks who signed a manifest. */
export class RingIdentity {
  private constructor(
    /** `sha256:` + hex of SHA-256 over the SPKI DER: the ring's fingerprint, what a pin holds. */
    readonly fingerprint: string,
    /** Base64 of the SPKI DER. */
    readonly publicKey: string,
    private readonly key: KeyObject,
  ) {}

  /** From base64 of the SPKI DER of an Ed25519 key, exactly as it is written here; `undefined` for anything else. */
  static of(publicKey: string): RingIdentity | undefined {
    const der = Buffer.from(publicKey, 'base64');
    if (der.length !== spkiLength || der.toString('base64') !== publicKey) return undefined;
    if (!der.subarray(0, spkiPrefix.length).equals(spkiPrefix)) return undefined;
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return new RingIdentity(`sha256:${createHash('sha256').update(der).digest('hex')}`, publicKey, key);
  }

  /** Whether the identity signed these very bytes; `signature` is base64 of Ed25519 (64 bytes). */
  signed(document: string, signature: string): boolean {
    const bytes = Buffer.from(signature, 'base64');
    if (bytes.length !== 64 || bytes.toString('base64') !== signature) return false;
    return verify(null, message(document), this.key, bytes);
  }
}

/**
 * The private half, for the command that changes a ring or the start that makes one. Give up what refers to it when
 * done: serving needs none of it.
 */
export class RingSigner {
  private constructor(
    readonly identity: RingIdentity,
    private readonly key: KeyObject,
  ) {}

  /** From the 32-byte seed, which stays the caller's to wipe. */
  static of(seed: Uint8Array): RingSigner {
    if (seed.length !== identitySeedLength) throw new RangeError('The seed of a ring’s identity has 32 bytes.');
    const der = Buffer.concat([pkcs8Prefix, seed]);
    try {
      const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
      const spki = createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64');
      const identity = RingIdentity.of(spki);
      if (identity === undefined) throw new RangeError('This is no Ed25519 key.');
      return new RingSigner(identity, key);
    } finally {
      der.fill(0);
    }
  }

  /** A new seed; the caller wipes it. */
  static newSeed(): Buffer {
    return randomBytes(identitySeedLength);
  }

  /** Base64 of the Ed25519 signature of a document. */
  sign(document: string): string {
    return sign(null, message(document), this.key).toString('base64');
  }
}

const message = (document: string): Buffer => Buffer.concat([context, Buffer.from(document, 'utf8')]);
