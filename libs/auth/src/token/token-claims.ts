import { parseUserId, type UserId } from '@key-connector/common';
import { z } from 'zod';
import { TokenInvalid } from '../auth.errors.js';
import { hasUniqueMembers } from './unique-members.js';

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

/** Reads the claims of a token whose signature is verified, and checks that they are for us and for now. */
export function readTokenClaims(text: string, expected: Expected): AccessToken {
  const json = parseJson(text);
  const claims = claimsSchema.safeParse(json);
  if (!claims.success || !hasUniqueMembers(text, json)) throw new TokenInvalid('claims');
  const { iss, sub, exp, nbf, aud, amr, scope } = claims.data;
  assertTimes(exp, nbf, expected.clockSkewSeconds);
  // Exactly: an issuer that differs by a slash or by case is another one (RFC 7519, section 4.1.1).
  if (iss !== expected.issuer) throw new TokenInvalid('issuer');
  if (expected.audience !== undefined && !listed(aud).includes(expected.audience)) throw new TokenInvalid('audience');
  const userId = parseUserId(sub);
  if (userId === undefined) throw new TokenInvalid('claims');
  return { userId, amr: listed(amr), scope: typeof scope === 'string' ? scope.split(' ') : listed(scope) };
}

/** RFC 7519, sections 4.1.4 and 4.1.5, in seconds since 1970. */
function assertTimes(exp: number, nbf: number | undefined, skew: number): void {
  const now = Date.now() / 1000;
  if (now >= exp + skew) throw new TokenInvalid('expired');
  if (nbf !== undefined && now < nbf - skew) throw new TokenInvalid('not-yet-valid');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TokenInvalid('malformed');
  }
}

function listed(claim: string | readonly string[] = []): readonly string[] {
  return typeof claim === 'string' ? [claim] : claim;
}
