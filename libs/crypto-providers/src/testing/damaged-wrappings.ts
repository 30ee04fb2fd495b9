import type { WrappedKey } from '../contract/key-encryption-key.js';

/** The wrapping with one thing wrong each: a bit of several bytes, its length, its algorithm. */
export function damagedVariants(wrapped: WrappedKey): WrappedKey[] {
  const { length } = wrapped.ciphertext;
  const positions = [0, 1, length >> 1, length - 2, length - 1];
  return [
    ...positions.map((at) => ({ ...wrapped, ciphertext: withFlippedBit(wrapped.ciphertext, at) })),
    ...[0, 1, length - 1].map((end) => ({ ...wrapped, ciphertext: wrapped.ciphertext.slice(0, end) })),
    { ...wrapped, ciphertext: Buffer.concat([wrapped.ciphertext, Buffer.alloc(1)]) },
    { ...wrapped, ciphertext: Buffer.alloc(length) },
    { ...wrapped, ciphertext: Buffer.alloc(length, 0xff) },
    { ...wrapped, algorithm: 'no-such-algorithm' },
    { ...wrapped, algorithm: 'constructor' },
    { ...wrapped, algorithm: '' },
  ];
}

function withFlippedBit(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
