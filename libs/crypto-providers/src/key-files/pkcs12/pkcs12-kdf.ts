import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { boundedIterations } from './supported.js';

/** What the derived bytes are for: the diversifier ID of RFC 7292, appendix B.3. */
export const purpose = { encryptionKey: 1, initializationVector: 2, macKey: 3 } as const;

/** Block size in bytes (`v` in RFC 7292) of the hashes that PKCS#12 files use. */
const blockSizes = { sha1: 64, sha224: 64, sha256: 64, sha384: 128, sha512: 128 } as const;

/** A hash under its OpenSSL name. */
export type HashName = keyof typeof blockSizes;

/** Inputs of the key derivation. */
export interface Pkcs12KdfInput {
  readonly hash: HashName;
  /** UTF-16BE with a closing zero. */
  readonly password: Buffer;
  readonly salt: Buffer;
  readonly iterations: number;
}

/** Rounds between two turns of the event loop: half a millisecond, because a service that is live answers meanwhile. */
const roundsPerTurn = 500;

/** The password-based key derivation of PKCS#12 (RFC 7292, appendix B.2), which neither Node nor WebCrypto offers. */
export async function pkcs12Kdf(
  input: Pkcs12KdfInput,
  id: (typeof purpose)[keyof typeof purpose],
  length: number,
): Promise<Buffer> {
  const rounds = boundedIterations(input.iterations);
  const block = blockSizes[input.hash];
  const diversifier = Buffer.alloc(block, id);
  const state = Buffer.concat([repeated(input.salt, block), repeated(input.password, block)]);
  const output: Buffer[] = [];
  for (let produced = 0; produced < length;) {
    let digest = hash(input.hash, Buffer.concat([diversifier, state]), 'buffer');
    for (let round = 1; round < rounds; round++) {
      digest = hash(input.hash, digest, 'buffer');
      if (round % roundsPerTurn === 0) await setImmediate();
    }
    output.push(digest);
    produced += digest.length;
    const summand = Buffer.alloc(block, digest);
    for (let at = 0; at < state.length; at += block) addPlusOne(state.subarray(at, at + block), summand);
  }
  state.fill(0);
  return Buffer.concat(output).subarray(0, length);
}

/** Fills whole blocks with copies of the bytes; nothing stays nothing. */
function repeated(bytes: Buffer, block: number): Buffer {
  return bytes.length === 0 ? bytes : Buffer.alloc(block * Math.ceil(bytes.length / block), bytes);
}

/** `target = target + summand + 1`, both big-endian, without the last carry. */
function addPlusOne(target: Buffer, summand: Buffer): void {
  let carry = 1;
  for (let at = target.length - 1; at >= 0; at--) {
    carry += (target[at] ?? 0) + (summand[at] ?? 0);
    target[at] = carry & 0xff;
    carry >>= 8;
  }
}
