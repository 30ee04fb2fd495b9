import { TokenInvalid } from './token.errors.js';

/** Real tokens have 1 to 2 KB. */
const MAX_CHARACTERS = 16 * 1024;

/** Compact form (RFC 7515, section 7.1): three parts of base64url, none empty. A JWE has five. */
const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Header and claims of a token, encoded as they are; refuses what is no JWS in compact form. */
export function tokenParts(token: string): { readonly header: string; readonly claims: string } {
  if (token.length > MAX_CHARACTERS || !compact.test(token)) throw new TokenInvalid('malformed');
  const end = token.indexOf('.');
  return { header: token.slice(0, end), claims: token.slice(end + 1, token.lastIndexOf('.')) };
}
