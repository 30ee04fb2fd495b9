import type { HttpSettings } from '@key-connector/settings';
import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import { createHttpServer } from './http.server.js';
import { RequestMalformed } from './http.errors.js';
import { headersOf } from './problem.js';
import { requestIds } from './request-id.js';
import { recordedProblem } from './socket-refusal.js';
import type { TlsIdentity } from './tls-identity.js';
import { TrustedProxies } from './trusted-proxies.js';

/** A request's body is at most this long, in bytes: a key takes 58. */
const BODY_LIMIT = 4 * 1024;

/** Fastify's own bound for a plugin, in milliseconds. */
const PLUGIN_TIMEOUT = 10_000;

/** How requests are read and routed; see the wire contract in docs/wire-api.md. */
export function fastifyOptions(
  settings: HttpSettings,
  tls: TlsIdentity | undefined,
): FastifyServerOptions & { skipMiddie: boolean } {
  const { basePath, drainTimeoutSeconds } = settings;
  return {
    serverFactory: (handler) => createHttpServer(settings, tls, handler),
    // The server answers these itself.
    clientErrorHandler: () => undefined,
    ...(basePath === '' ? {} : { rewriteUrl: withoutBasePath(basePath) }),
    bodyLimit: BODY_LIMIT,
    // Requests that arrive while the service drains are answered; readiness has already turned them away.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // It bounds the hooks of the end too, one of which waits for as long as drain.ts says.
    pluginTimeout: drainTimeoutSeconds * 1000 + PLUGIN_TIMEOUT,
    genReqId: requestIds(new TrustedProxies(settings.trustProxy)),
    frameworkErrors: answerUnroutable,
    logger: false,
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // No Nest middleware here, so no middleware runner on each request.
    skipMiddie: true,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
  };
}

/** No route has a schema, so Fastify's compilers of them, 120 files, are not loaded. */
function noSchemas(): never {
  throw new Error('A route has a JSON schema: give fastify-options.ts compilers for them.');
}

/** Answers what Fastify's router refuses before any hook or filter sees it, such as a path that does not decode. */
function answerUnroutable(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const error = new RequestMalformed();
  const problem = recordedProblem(error, request.id);
  void reply
    .status(problem.status)
    .headers(headersOf(error))
    .send(Buffer.from(JSON.stringify(problem)));
}

/** Clients concatenate the base path and the route; proxies may or may not strip it. Both ways work. */
function withoutBasePath(basePath: string): (request: { url?: string | undefined }) => string {
  return ({ url = '/' }) => {
    // RFC 9112, section 3.2.2: a target may be a whole URI.
    const path = url.replace(/^https?:\/\/[^/]+/i, '').replace(/^\/+/, '/');
    if (path === basePath) return '/';
    return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : url;
  };
}
