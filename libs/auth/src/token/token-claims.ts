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
}

/** Reads the claims of a token whose signature and times are verified. */
export function readTokenClaims(token: string, payload: unknown, expected: Expected): AccessToken {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success || !hasUniqueMembers(payloadText(token), payload)) throw new TokenInvalid('claims');
  const { iss, sub, aud, amr, scope } = claims.data;
  // Exactly: an issuer that differs by a slash or by case is another one (RFC 7519, section 4.1.1).
  if (iss !== expected.issuer) throw new TokenInvalid('issuer');
  if (expected.audience !== undefined && !listed(aud).includes(expected.audience)) throw new TokenInvalid('audience');
  const userId = parseUserId(sub);
  if (userId === undefined) throw new TokenInvalid('claims');
  return { userId, amr: listed(amr), scope: typeof scope === 'string' ? scope.split(' ') : listed(scope) };
}

function payloadText(token: string): string {
  return Buffer.from(token.slice(token.indexOf('.') + 1, token.lastIndexOf('.')), 'base64url').toString();
}

function listed(claim: string | readonly string[] = []): readonly string[] {
  return typeof claim === 'string' ? [claim] : claim;
}
