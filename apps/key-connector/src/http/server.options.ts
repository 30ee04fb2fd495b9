import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { reasonOf, TlsFileUnreadable } from '@key-connector/common';
import type { HttpSettings } from '@key-connector/settings';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { TlsOptions as TlsServerOptions } from 'node:tls';
import { clientErrorHandler } from './client-error.handler.js';
import { answerUnroutable } from './unroutable.js';

type ServerOptions = NonNullable<ConstructorParameters<typeof FastifyAdapter>[0]>;

/** A request's body is at most this long, in bytes: a key takes 58. */
const BODY_LIMIT = 4 * 1024;
/** All request headers together, in bytes. */
const HEADER_LIMIT = 16 * 1024;
/** How often connections that are too slow are looked for, in milliseconds. */
const SLOW_CONNECTION_CHECK = 1000;

/** Limits and tolerance of the HTTP server; see the wire contract in docs/wire-api.md. */
export function serverOptions(settings: HttpSettings): ServerOptions {
  const limits = {
    maxHeaderSize: HEADER_LIMIT,
    connectionsCheckingInterval: SLOW_CONNECTION_CHECK,
    // Node would answer with an empty body; see require-host.hook.ts.
    requireHostHeader: false,
  };
  const tls = tlsOptions(settings);
  const { basePath } = settings;
  const options = {
    ...(tls === undefined ? { http: limits } : { https: { ...limits, ...tls } }),
    ...(basePath === '' ? {} : { rewriteUrl: withoutBasePath(basePath) }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: settings.requestTimeoutSeconds * 1000,
    keepAliveTimeout: settings.keepAliveTimeoutSeconds * 1000,
    trustProxy: settings.trustProxy,
    // Requests that arrive while the service drains are answered; readiness has already turned them away.
    return503OnClosing: false,
    forceCloseConnections: 'idle' as const,
    genReqId: requestId,
    clientErrorHandler,
    frameworkErrors: answerUnroutable,
    logger: false as const,
    // No Nest middleware here, so no middleware runner on each request.
    skipMiddie: true,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
  };
  // Fastify types plain and TLS servers apart; the adapter takes either.
  return options as ServerOptions;
}

function tlsOptions(settings: HttpSettings): TlsServerOptions | undefined {
  const { tlsCertificatePath, tlsKeyPath } = settings;
  if (tlsCertificatePath === undefined || tlsKeyPath === undefined) return undefined;
  return {
    cert: readTlsFile('http__tlsCertificatePath', tlsCertificatePath),
    key: readTlsFile('http__tlsKeyPath', tlsKeyPath),
    minVersion: 'TLSv1.2',
    // The limit for headers begins after the handshake.
    handshakeTimeout: settings.headersTimeoutSeconds * 1000,
  };
}

function readTlsFile(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new TlsFileUnreadable(setting, path, reasonOf(error));
  }
}

/** Keeps a proxy's id when it is harmless text, so that both logs can be joined. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
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
