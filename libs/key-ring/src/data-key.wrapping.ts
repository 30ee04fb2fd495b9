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
  const wrapped = await kek.wrap(dataKey, algorithm);
  const reopened = await kek.unwrap(wrapped);
  const same = reopened.length === dataKey.length && timingSafeEqual(reopened, dataKey);
  reopened.fill(0);
  const secret = takeSecret(dataKey);
  if (!same)
    throw new DataKeyUnreadable(
      `The key provider (${kek.description}) gave back another data key than it had wrapped.`,
    );
  return { secret, wrapped };
}
