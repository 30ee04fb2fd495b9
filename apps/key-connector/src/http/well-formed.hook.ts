import type { FastifyReply, FastifyRequest } from 'fastify';
import { ContentCodingUnsupported, RequestMalformed } from './http.errors.js';

/** `uri-host [ ":" port ]` (RFC 9110, section 7.2): a name, an IPv4 address, or an IPv6 address in brackets. */
const hostForm = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d{0,5})?$/i;

/** Refuses what Node's parser lets pass and a proxy may read in another way, before a byte of the body is read. */
export function requireWellFormed(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  done(formProblem(request.raw) ?? codingProblem(request.headers['content-encoding']));
}

function formProblem({ httpVersion, headers, rawHeaders }: FastifyRequest['raw']): RequestMalformed | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return new RequestMalformed('Only HTTP/1.1 and HTTP/1.0 are spoken here.');
  const { host } = headers;
  // RFC 9112, section 3.2.
  if (host === undefined) return httpVersion === '1.1' ? new RequestMalformed('There is no Host header.') : undefined;
  if (!hostForm.test(host)) return new RequestMalformed('The Host header is not a host.');
  return hostHeaders(rawHeaders) > 1 ? new RequestMalformed('There is more than one Host header.') : undefined;
}

/** Node keeps the first of several. */
function hostHeaders(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}

/** RFC 9110, section 8.4. */
function codingProblem(coding: string | undefined): ContentCodingUnsupported | undefined {
  return coding === undefined || coding.toLowerCase() === 'identity' ? undefined : new ContentCodingUnsupported();
}
