import { z } from 'zod';
import { isWithinLimits, type JsonLimits } from '../json/json-limits.js';
import { TokenInvalid } from './token.errors.js';

/** Issuers write three to six members, side by side; a certificate chain (`x5c`) has a few more entries. */
const limits: JsonLimits = { depth: 4, members: 32, commas: 64, repeatedNames: 'refused' };

/** What counts in the header. `jku`, `jwk`, `x5u` and `x5c` do not: a token never says which key to trust. */
const headerSchema = z.object({ alg: z.string(), kid: z.string().optional(), typ: z.string().optional() });

/** A token's header, as far as it chooses how to verify. */
export type TokenHeader = z.output<typeof headerSchema>;

/** Reads a header part; refuses all but RS256, before any cryptography. */
export function readTokenHeader(part: string): TokenHeader {
  const json = parseObject(Buffer.from(part, 'base64url').toString());
  // `crit` names what must be understood (RFC 7515, section 4.1.11) and we understand none; `b64` needs it (RFC 7797).
  if ('crit' in json || 'b64' in json) throw new TokenInvalid('critical');
  const header = headerSchema.safeParse(json);
  if (!header.success) throw new TokenInvalid('malformed');
  if (header.data.alg !== 'RS256') throw new TokenInvalid('algorithm');
  return header.data;
}

/** Reads headers, and keeps the last good one: an issuer's tokens share it until the issuer rotates its key. */
export class TokenHeaders {
  private last: { readonly part: string; readonly header: TokenHeader } | undefined;

  read(part: string): TokenHeader {
    if (this.last?.part !== part) this.last = { part, header: readTokenHeader(part) };
    return this.last.header;
  }
}

/**
 * Whether a header's `typ` is the accepted one: `application/` may be left out, case does not count (RFC 7515, section
 * 4.1.9).
 */
export function isTokenType(typ: string | undefined, accepted: string): boolean {
  const bare = (type: string): string => type.toLowerCase().replace(/^application\//, '');
  return typ !== undefined && bare(typ) === bare(accepted);
}

function parseObject(text: string): object {
  if (!isWithinLimits(text, limits)) throw new TokenInvalid('malformed');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Falls through to the one refusal.
  }
  throw new TokenInvalid('malformed');
}
