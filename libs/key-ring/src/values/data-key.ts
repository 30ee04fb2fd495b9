import { createSecretKey, type KeyObject } from 'node:crypto';

/** A data key in memory. The KeyObject keeps the bytes out of logs, dumps of objects and JavaScript's heap. */
export interface DataKey {
  readonly id: number;
  readonly secret: KeyObject;
}

/** The id of a classic deployment's data key. */
export const classicDataKeyId = 0;

/** Takes the bytes over into a KeyObject and wipes them. */
export function takeSecret(bytes: Uint8Array): KeyObject {
  try {
    return createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
}
