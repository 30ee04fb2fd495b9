import { type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { dataKeyLength, type KeyEncryptionKey, type WrappedKey } from '@key-connector/crypto-providers';
import { takeSecret } from './data-key.js';
import { DataKeyUnreadable } from './key-ring.errors.js';

/** A new data key and its wrapping, which has been opened again and compared before anyone relies on it. */
export async function createWrappedDataKey(
  kek: KeyEncryptionKey,
  algorithm?: string,
): Promise<{ secret: KeyObject; wrapped: WrappedKey }> {
  const dataKey = randomBytes(dataKeyLength);
  try {
    const wrapped = await kek.wrap(dataKey, algorithm);
    if (!(await opensTo(dataKey, kek, wrapped)))
      throw new DataKeyUnreadable(
        `The key provider (${kek.description}) gave back another data key than it had wrapped.`,
      );
    return { secret: takeSecret(dataKey), wrapped };
  } finally {
    dataKey.fill(0);
  }
}

async function opensTo(dataKey: Buffer, kek: KeyEncryptionKey, wrapped: WrappedKey): Promise<boolean> {
  const reopened = await kek.unwrap(wrapped);
  try {
    return reopened.length === dataKey.length && timingSafeEqual(reopened, dataKey);
  } finally {
    reopened.fill(0);
  }
}
