import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import type { KeyConnectorError } from '@key-connector/common';
import type { HttpSettings } from '@key-connector/settings';
import { ConnectionBounds } from './connection-bounds.js';
import { ExpectationFailed, HeadersTooLarge, RequestMalformed, RequestTimeout } from './http.errors.js';
import { RefusedClients } from './refused-clients.js';
import { refuseConnection, refuseRequest } from './socket-refusal.js';
import type { TlsIdentity } from './tls-identity.js';

/** All request headers together, in bytes. */
const HEADER_LIMIT = 16 * 1024;
/** How often connections that are too slow are looked for, in milliseconds. */
const SLOW_CONNECTION_CHECK = 1000;

/** Node's server, plain or with TLS, with every limit that a connection has; Fastify's `serverFactory`. */
export function createHttpServer(
  settings: HttpSettings,
  tls: TlsIdentity | undefined,
  handle: RequestListener,
): Server {
  const bounds = new ConnectionBounds();
  const options: ServerOptions = {
    maxHeaderSize: HEADER_LIMIT,
    connectionsCheckingInterval: SLOW_CONNECTION_CHECK,
    // Node would answer with an empty body; see well-formed.hook.ts.
    requireHostHeader: false,
    headersTimeout: settings.headersTimeoutSeconds * 1000,
    requestTimeout: settings.requestTimeoutSeconds * 1000,
    keepAliveTimeout: settings.keepAliveTimeoutSeconds * 1000,
  };
  const listener = bounds.bound(handle);
  const server =
    tls === undefined
      ? createServer(options, listener)
      : // The limit for headers begins after the handshake.
        createTlsServer(
          {
            ...{ ...options, ...tls, handshakeTimeout: settings.headersTimeoutSeconds * 1000 },
            ...(tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
          },
          listener,
        );
  if (tls?.ca !== undefined) new RefusedClients().watch(server as TlsServer);
  server.maxConnections = settings.maxConnections;
  bounds.watch(server, tls === undefined ? 'connection' : 'secureConnection', settings.requestTimeoutSeconds * 1000);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    refuseBytes(error, socket, bounds);
  });
  const unexpected: RequestListener = (_request, response) => {
    refuseRequest(response, new ExpectationFailed());
  };
  server.on('checkExpectation', bounds.bound(unexpected));
  // A tunnel is for proxies. Without a listener Node hangs up.
  server.on('connect', ({ socket }) => {
    const refusal = new RequestMalformed('CONNECT is not for this service, which is no proxy.');
    if (bounds.isAnswering(socket)) socket.destroy();
    else refuseConnection(socket, refusal);
  });
  return server;
}

/** Bytes that never became a request. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Socket, bounds: ConnectionBounds): void {
  const refusal = refusalOf(error.code ?? '');
  // Nobody to answer, or nobody who could read it: what is not handed to a finished TLS handshake is never sent.
  if (refusal === undefined || !socket.writable || bounds.isAnswering(socket)) socket.destroy();
  else refuseConnection(socket, refusal);
}

/** What the client is told; `undefined` when the connection broke, in a TLS handshake or in the middle of a request. */
function refusalOf(code: string): KeyConnectorError | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return new HeadersTooLarge('The headers are too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new RequestTimeout('The request did not arrive in time.');
  if (code === 'HPE_INVALID_EOF_STATE') return undefined;
  return code.startsWith('HPE_') ? new RequestMalformed() : undefined;
}
