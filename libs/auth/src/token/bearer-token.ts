import { TokenInvalid, TokenMissing } from '../auth.errors.js';

/** What is read of a request: Fastify's, with Node's own under `raw`. */
export interface BearerRequest {
  readonly raw: { readonly rawHeaders: readonly string[] };
  readonly headers: { readonly authorization?: string | undefined };
}

const scheme = 'bearer ';
const header = 'authorization';

/** The token of the request's one `Authorization: Bearer` header (RFC 6750, section 2.1): never from body or query. */
export function bearerToken(request: BearerRequest): string {
  const { authorization } = request.headers;
  if (authorization?.slice(0, scheme.length).toLowerCase() !== scheme) throw new TokenMissing();
  // Node keeps the first of several and drops the rest, a proxy before us may have read another one.
  if (authorizationHeaders(request.raw.rawHeaders) > 1) throw new TokenInvalid('repeated');
  const token = authorization.slice(scheme.length).replace(/^ +/, '');
  if (token === '') throw new TokenInvalid('malformed');
  return token;
}

function authorizationHeaders(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === header.length && name.toLowerCase() === header) count += 1;
  }
  return count;
}
