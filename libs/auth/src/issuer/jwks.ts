import { createPublicKey, type KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { KeysUnusable } from './issuer.errors.js';
import { unfitForRs256 } from './rsa-key.js';

const MAX_KEYS = 100;

const absent = z.undefined().optional();

/** An entry that can verify RS256 (RFC 7517, RFC 7518 section 6.3.1); one with private members was leaked. */
const entrySchema = z.object({
  kty: z.literal('RSA'),
  n: z.string().max(1400), // 8192 bits
  e: z.string().max(16),
  kid: z.string().optional(),
  use: z.literal('sig').optional(),
  alg: z.literal('RS256').optional(),
  key_ops: z
    .array(z.string())
    .refine((operations) => operations.includes('verify'))
    .optional(),
  d: absent,
  p: absent,
  q: absent,
  dp: absent,
  dq: absent,
  qi: absent,
  oth: absent,
});

const setSchema = z.object({ keys: z.array(z.unknown()).max(MAX_KEYS) });

/**
 * The usable keys of the JWKS at a place, by `kid`; entries that are foreign, weak or ambiguous are left out.
 * Throws KeysUnusable when none is left.
 */
export async function readJwks(document: unknown, place: string): Promise<Map<string | undefined, KeyObject>> {
  const set = setSchema.safeParse(document);
  if (!set.success) throw new KeysUnusable(`${place}: is not a JWKS of at most ${MAX_KEYS} keys`);

  const keys = new Map<string | undefined, KeyObject>();
  const seen = new Set<string | undefined>();
  for (const entry of set.data.keys) {
    // Importing a key takes about 0.1 ms, on the event loop: one a turn.
    await nextTurn();
    const kid = kidOf(entry);
    const key = importEntry(entry);
    // Which of two entries with one kid is meant cannot be told, whatever their type.
    if (seen.has(kid)) keys.delete(kid);
    else if (key !== undefined) keys.set(kid, key);
    seen.add(kid);
  }
  if (keys.size === 0) throw new KeysUnusable(`${place}: holds no usable RSA key (RS256, 2048 bits or more)`);
  return keys;
}

function kidOf(entry: unknown): string | undefined {
  const named = z.object({ kid: z.string() }).safeParse(entry);
  return named.success ? named.data.kid : undefined;
}

function importEntry(entry: unknown): KeyObject | undefined {
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) return undefined;
  const { kty, n, e } = parsed.data;
  try {
    const key = createPublicKey({ format: 'jwk', key: { kty, n, e } });
    return unfitForRs256(key) === undefined ? key : undefined;
  } catch {
    return undefined;
  }
}
