import type { KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isSameKey } from '@key-connector/common';
import { z } from 'zod';
import { quoted } from '../json/quoted.js';
import { KeysUnusable } from './issuer.errors.js';
import { type Jwk, readJwk } from './jwk.js';

const MAX_KEYS = 100;

/** So many entries are told of by name. */
const MAX_REMARKS = 5;

const setSchema = z.object({ keys: z.array(z.unknown()).max(MAX_KEYS) });

/** What a JWKS holds. */
export interface Jwks {
  /** The usable keys, by `kid`. */
  readonly keys: ReadonlyMap<string | undefined, KeyObject>;
  /** What an operator should ask the issuer's about: a sentence each. */
  readonly remarks: readonly string[];
}

/**
 * The usable keys of the JWKS at a place; entries that are foreign, weak or ambiguous are left out.
 * Throws KeysUnusable when none is left.
 */
export async function readJwks(document: unknown, place: string): Promise<Jwks> {
  const set = setSchema.safeParse(document);
  if (!set.success) throw new KeysUnusable(`${place}: is not a JWKS of at most ${MAX_KEYS} keys`);

  const named = new Map<string | undefined, Jwk[]>();
  for (const entry of set.data.keys) {
    // Importing a key takes about 0.1 ms, on the event loop: one a turn.
    await nextTurn();
    const jwk = readJwk(entry);
    if (jwk !== undefined) named.set(jwk.kid, [...(named.get(jwk.kid) ?? []), jwk]);
  }

  const keys = new Map<string | undefined, KeyObject>();
  const remarks: string[] = [];
  for (const [kid, jwks] of named) {
    const key = keyOf(kid, jwks);
    if (key === 'ambiguous') remarks.push(`Different keys have ${nameOf(kid)}, and none of them is used.`);
    else if (key !== undefined) keys.set(kid, key);
  }
  if (keys.size > 0) return { keys, remarks: remarks.slice(0, MAX_REMARKS) };
  const why = [...remarks, ...[...named.values()].flat().map(faultOf)].slice(0, MAX_REMARKS).join(' ');
  throw new KeysUnusable(`${place}: holds no usable RSA key (RS256, 2048 bits or more). ${why || 'It is empty.'}`);
}

/**
 * The one key of all entries with a `kid`. The same key is often listed once for each algorithm or use. Which of
 * different ones is meant cannot be told, whatever their type.
 */
function keyOf(kid: string | undefined, jwks: readonly Jwk[]): KeyObject | 'ambiguous' | undefined {
  const usable = jwks.filter(({ unfit }) => unfit === undefined);
  const key = usable[0]?.key;
  // An entry without a name takes none from another.
  const rivals = kid === undefined ? usable : jwks;
  return key === undefined || rivals.every((rival) => rival.key !== undefined && isSameKey(rival.key, key))
    ? key
    : 'ambiguous';
}

const nameOf = (kid: string | undefined): string => (kid === undefined ? 'no "kid"' : `the "kid" ${quoted(kid)}`);

const faultOf = ({ kid, unfit = 'it is ambiguous' }: Jwk): string => `The key with ${nameOf(kid)}: ${unfit}.`;
