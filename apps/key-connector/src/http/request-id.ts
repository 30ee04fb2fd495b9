import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TrustedProxies } from './trusted-proxies.js';

/** Harmless text of a length that both logs can hold. */
const harmless = /^[\w.:-]{1,64}$/;

/** Gives each request an id: a trusted proxy's `X-Request-Id`, so that both logs can be joined, else a new one. */
export function requestIds(proxies: TrustedProxies): (request: IncomingMessage) => string {
  return (request) => {
    const given = request.headers['x-request-id'];
    return typeof given === 'string' && harmless.test(given) && proxies.sent(request) ? given : randomUUID();
  };
}
