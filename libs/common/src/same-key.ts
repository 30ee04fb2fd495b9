import type { KeyObject } from 'node:crypto';

/**
 * Whether two keys are one. The types are compared first: `KeyObject.equals` of two types leaves an error in OpenSSL's
 * queue, for which the next good private key "cannot be read".
 */
export const isSameKey = (one: KeyObject, other: KeyObject): boolean =>
  one.asymmetricKeyType === other.asymmetricKeyType && one.equals(other);
