import type { KeyObject } from 'node:crypto';
import { isSameKey } from '@key-connector/common';
import type { Jwks } from './jwks.js';

/** An issuer and its public signing keys, imported and checked. */
export interface KeySet {
  /** The exact `iss` of its tokens. */
  readonly issuer: string;
  /** How many keys can verify. */
  readonly size: number;
  /** What is wrong with the set, though it can be used; a sentence each. */
  readonly remarks: readonly string[];
  /** The key of a token with this `kid`; one without `kid` is only told apart when there is one key. */
  find(kid: string | undefined): KeyObject | undefined;
}

/** Keys by their `kid`. One key alone that has no name is tried whatever `kid` a token has. */
export function namedKeys(issuer: string, { keys, remarks }: Jwks): KeySet {
  const [first, ...others] = keys.values();
  const only = first !== undefined && others.every((other) => isSameKey(other, first)) ? first : undefined;
  const nameless = only !== undefined && keys.has(undefined) ? only : undefined;
  return {
    issuer,
    size: keys.size,
    remarks,
    find: (kid) => (kid === undefined ? only : (keys.get(kid) ?? nameless)),
  };
}

/** One key that an operator gave: it is tried whatever `kid` a token has. */
export function onlyKey(issuer: string, key: KeyObject): KeySet {
  return { issuer, size: 1, remarks: [], find: () => key };
}
