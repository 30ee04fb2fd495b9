import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { unfitForRs256 } from './rsa-key.js';

/** One entry of a JWKS: its RSA key, and what forbids to verify RS256 with it. */
export interface Jwk {
  readonly kid: string | undefined;
  /** `undefined` when it is no RSA key, or one that must not be trusted. */
  readonly key: KeyObject | undefined;
  /** Why it cannot be used, for the log: `it has a "use" of another purpose`. */
  readonly unfit: string | undefined;
}

const MAX_CERTIFICATE_CHARACTERS = 16 * 1024;

const NO_TEXT = 'it has a "kid" that is no text';
const forAnother = (member: string): string => `it has a "${member}" of another purpose`;
const leaked = z.undefined('it has private members').optional();

/** The members that make the key (RFC 7518, section 6.3.1); one with private members was leaked. */
const keySchema = z.object({
  kty: z.literal('RSA', 'it is no RSA key'),
  n: z.string().max(1400, 'it is larger than 8192 bits').optional(),
  // Some write the number itself: 65537, which is AQAB.
  e: z
    .union([z.string().max(16), z.literal(65_537)], 'it has a malformed exponent')
    .transform((e) => (e === 65_537 || e === '65537' ? 'AQAB' : e))
    .optional(),
  x5c: z.unknown().optional(),
  d: leaked,
  p: leaked,
  q: leaked,
  dp: leaked,
  dq: leaked,
  qi: leaked,
  oth: leaked,
});

/** The members that say what it is for (RFC 7517, section 4). */
const purposeSchema = z.object({
  use: z.literal('sig', forAnother('use')).optional(),
  alg: z.literal('RS256', forAnother('alg')).optional(),
  key_ops: z.unknown().optional().refine(allowVerifying, forAnother('key_ops')),
});

const certificatesSchema = z.tuple([z.string().max(MAX_CERTIFICATE_CHARACTERS)], z.unknown());

/** Reads one entry; `undefined` for what is no object. A member that is `null` or empty is as good as none. */
export function readJwk(entry: unknown): Jwk | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const given = Object.entries(entry) as [string, unknown][];
  const members = Object.fromEntries(given.filter(([, value]) => value !== null && value !== ''));
  const { kid } = members;
  if (kid !== undefined && typeof kid !== 'string') return { kid: undefined, key: undefined, unfit: NO_TEXT };
  const key = importKey(members);
  if (typeof key === 'string') return { kid, key: undefined, unfit: key };
  return { kid, key, unfit: unfitForRs256(key) ?? purposeSchema.safeParse(members).error?.issues[0]?.message };
}

/** The key, or why there is none. */
function importKey(members: object): KeyObject | string {
  const parsed = keySchema.safeParse(members);
  if (!parsed.success) return parsed.error.issues[0]?.message ?? 'it is malformed';
  const { kty, n, e, x5c } = parsed.data;
  const certificates = certificatesSchema.safeParse(x5c);
  try {
    if (n !== undefined && e !== undefined) return createPublicKey({ format: 'jwk', key: { kty, n, e } });
    if (certificates.success) return new X509Certificate(Buffer.from(certificates.data[0], 'base64')).publicKey;
  } catch {
    return 'it is malformed';
  }
  return 'it has neither "n" and "e" nor a certificate in "x5c"';
}

/** Some write one word in place of a list. */
function allowVerifying(operations: unknown): boolean {
  const listed: readonly unknown[] = Array.isArray(operations) ? operations : [operations ?? 'verify'];
  return listed.length === 0 || listed.includes('verify');
}
