import { TokenInvalid } from './token.errors.js';

/** What is read of a request: Fastify's, with Node's own under `raw`. */
export interface BearerRequest {
  readonly raw: { readonly rawHeaders: readonly string[] };
  readonly headers: { readonly authorization?: string | undefined };
}

const scheme = 'bearer ';
const header = 'authorization';

/**
 * The token of an `Authorization: Bearer` header (RFC 6750, section 2.1), never from body or query; `null` without one.
 * passport-jwt's `jwtFromRequest`.
 */
export function bearerToken({ headers: { authorization } }: BearerRequest): string | null {
  if (authorization?.slice(0, scheme.length).toLowerCase() !== scheme) return null;
  return authorization.slice(scheme.length).replace(/^ +/, '') || null;
}

/**
 * Refuses a request with several Authorization headers: Node keeps the first, a proxy before us may have read another.
 */
export function assertOneAuthorizationHeader({ raw: { rawHeaders } }: BearerRequest): void {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === header.length && name.toLowerCase() === header) count += 1;
  }
  if (count > 1) throw new TokenInvalid('repeated');
}
