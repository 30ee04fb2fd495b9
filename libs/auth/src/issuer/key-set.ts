import type { KeyObject } from 'node:crypto';

/** An issuer and its public signing keys, imported and checked. */
export interface KeySet {
  /** The exact `iss` of its tokens. */
  readonly issuer: string;
  /** How many keys can verify. */
  readonly size: number;
  /** The key of a token with this `kid`; one without `kid` is only told apart when there is one key. */
  find(kid: string | undefined): KeyObject | undefined;
}

/** Keys by their `kid`. */
export function namedKeys(issuer: string, keys: ReadonlyMap<string | undefined, KeyObject>): KeySet {
  const only = keys.size === 1 ? [...keys.values()][0] : undefined;
  return {
    issuer,
    size: keys.size,
    find: (kid) => (kid === undefined ? only : keys.get(kid)),
  };
}

/** One key that an operator gave: it is tried whatever `kid` a token has. */
export function onlyKey(issuer: string, key: KeyObject): KeySet {
  return { issuer, size: 1, find: () => key };
}
