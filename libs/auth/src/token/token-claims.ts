import { parseUserId, type UserId } from '@key-connector/common';
import { z } from 'zod';
import { isWithinLimits, type JsonLimits } from '../json/json-limits.js';
import { IssuerDiffers, ScopeInsufficient, TokenInvalid } from './token.errors.js';

/**
 * Bitwarden writes some twenty claims and, for a member of many organizations, lists of their ids; others nest roles
 * two or three deep. 16 KB, the most that a token has, hold 300 ids.
 */
const limits: JsonLimits = { depth: 8, members: 256, commas: 2000, repeatedNames: 'refused' };

const words = z.union([z.string(), z.array(z.string())]).optional();

/** The claims that we rely on; the others are the identity server's business. */
const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string(),
  exp: z.number(),
  nbf: z.number().optional(),
  aud: words,
  amr: words,
  scope: words,
});

/** What a verified token says. */
export interface AccessToken {
  readonly userId: UserId;
  /** How the member signed in (RFC 8176). */
  readonly amr: readonly string[];
  readonly scope: readonly string[];
}

/** What a token must say to be ours. */
export interface Expected {
  readonly issuer: string;
  readonly audience?: string | undefined;
  /** Allowed difference between our clock and the issuer's. */
  readonly clockSkewSeconds: number;
}

/**
 * Refuses claims that no issuer writes: what is no object, names a member twice, or has more structure than is worth
 * reading. Takes the part as it is encoded, before it is known who made it.
 */
export function assertPlainClaims(part: string): void {
  const text = Buffer.from(part, 'base64url').toString();
  if (!/^\s*\{/.test(text) || !isWithinLimits(text, limits)) throw new TokenInvalid('claims');
}

/** Reads the claims of a token whose signature is verified, and checks that they are for us and for now. */
export function readTokenClaims(payload: unknown, expected: Expected): AccessToken {
  // jsonwebtoken hands over as text what is not JSON.
  if (typeof payload === 'string') throw new TokenInvalid('malformed');
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) throw new TokenInvalid('claims');
  const { iss, sub, exp, nbf, aud, amr, scope } = claims.data;
  assertTimes(exp, nbf, expected.clockSkewSeconds);
  // Exactly: an issuer that differs by a slash or by case is another one (RFC 7519, section 4.1.1).
  if (iss !== expected.issuer) throw new IssuerDiffers(expected.issuer, iss);
  if (expected.audience !== undefined && !listed(aud).includes(expected.audience)) throw new TokenInvalid('audience');
  const userId = parseUserId(sub);
  if (userId === undefined) throw new TokenInvalid('claims');
  return { userId, amr: listed(amr), scope: typeof scope === 'string' ? scope.split(' ') : listed(scope) };
}

/** Refuses a good token that is not for a member's vault key: of no person's login, or without the scope of the API. */
export function assertMayUseKeys({ userId, amr, scope }: AccessToken): void {
  if (!amr.includes('external') && !amr.includes('Application')) throw new ScopeInsufficient('amr', userId);
  if (!scope.includes('api')) throw new ScopeInsufficient('scope', userId);
}

/** RFC 7519, sections 4.1.4 and 4.1.5, in seconds since 1970. */
function assertTimes(exp: number, nbf: number | undefined, skew: number): void {
  const now = Date.now() / 1000;
  if (now >= exp + skew) throw new TokenInvalid('expired');
  if (nbf !== undefined && now < nbf - skew) throw new TokenInvalid('not-yet-valid');
}

function listed(claim: string | readonly string[] = []): readonly string[] {
  return typeof claim === 'string' ? [claim] : claim;
}
