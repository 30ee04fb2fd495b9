import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto';
import { OpeningFailure } from './opening-failure.js';

/** AES-256-GCM as both layouts use it: a random 96-bit IV and a full 128-bit tag (NIST SP 800-38D). */
export const ivLength = 12;
/** Bytes of the authentication tag. */
export const tagLength = 16;

/** IVs that are drawn from the system at a time: the call costs as much for one as for hundreds. */
const ivsDrawn = 256;
const drawn = Buffer.alloc(ivsDrawn * ivLength);
let next = drawn.length;

const algorithm = 'aes-256-gcm';
const options = { authTagLength: tagLength };

/** The parts of one encryption. */
export interface Encrypted {
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/** Encrypts under a fresh random IV. */
export function encrypt(key: KeyObject, plaintext: Uint8Array, associatedData?: Buffer): Encrypted {
  const iv = freshIv();
  const cipher = createCipheriv(algorithm, key, iv, options);
  if (associatedData !== undefined) cipher.setAAD(associatedData);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return { iv, ciphertext, tag: cipher.getAuthTag() };
}

/** Random bytes that were never handed out before. */
function freshIv(): Buffer {
  if (next === drawn.length) {
    randomFillSync(drawn);
    next = 0;
  }
  next += ivLength;
  return Buffer.from(drawn.subarray(next - ivLength, next));
}

/** Decrypts; what is not authentic is an OpeningFailure, and its plaintext is wiped. */
export function decrypt(key: KeyObject, { iv, ciphertext, tag }: Encrypted, associatedData?: Buffer): Buffer {
  const decipher = createDecipheriv(algorithm, key, iv, options);
  if (associatedData !== undefined) decipher.setAAD(associatedData);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    throw new OpeningFailure('not_authentic');
  }
}
