import { z } from 'zod';
import { TokenInvalid } from '../auth.errors.js';
import { hasUniqueMembers } from './unique-members.js';

/** Real tokens have 1 to 2 KB. */
const MAX_CHARACTERS = 16 * 1024;

/** Compact form (RFC 7515, section 7.1): three parts of base64url, none empty. A JWE has five. */
const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What counts in the header. `jku`, `jwk`, `x5u` and `x5c` do not: a token never says which key to trust. */
const headerSchema = z.object({ alg: z.string(), kid: z.string().optional(), typ: z.string().optional() });

/** A token's header, as far as it chooses how to verify. */
export type TokenHeader = z.output<typeof headerSchema>;

/** The header part of a token, encoded as it is; refuses what is no JWS in compact form. */
export function headerPart(token: string): string {
  if (token.length > MAX_CHARACTERS || !compact.test(token)) throw new TokenInvalid('malformed');
  return token.slice(0, token.indexOf('.'));
}

/** Reads a header part; refuses all but RS256, before any cryptography. */
export function readTokenHeader(part: string): TokenHeader {
  const text = Buffer.from(part, 'base64url').toString();
  const json = parseObject(text);
  if (!hasUniqueMembers(text, json)) throw new TokenInvalid('malformed');
  // `crit` names what must be understood (RFC 7515, section 4.1.11) and we understand none; `b64` needs it (RFC 7797).
  if ('crit' in json || 'b64' in json) throw new TokenInvalid('critical');
  const header = headerSchema.safeParse(json);
  if (!header.success) throw new TokenInvalid('malformed');
  if (header.data.alg !== 'RS256') throw new TokenInvalid('algorithm');
  return header.data;
}

function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Falls through to the one refusal.
  }
  throw new TokenInvalid('malformed');
}
