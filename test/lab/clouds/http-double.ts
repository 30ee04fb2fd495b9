import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { text } from 'node:stream/consumers';
import type { TlsCertificate } from '../files/certificate.ts';
import { close, listen } from '../network/listen.ts';

/** One request as a double of a service sees it. */
export interface DoubleRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a double answers. */
export interface DoubleAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Answers a request; with `undefined` it never gets an answer. */
export type Answerer = (request: DoubleRequest) => DoubleAnswer | undefined | Promise<DoubleAnswer | undefined>;

/** A double that listens. */
export interface ListeningDouble {
  readonly port: number;
  /** `http://127.0.0.1:<port>`, or with a certificate `https://localhost:<port>`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Lets a double answer on 127.0.0.1 and a free port, with TLS under a certificate; what it throws is a 500. */
export async function startDouble(answer: Answerer, tls?: TlsCertificate): Promise<ListeningDouble> {
  const server = tls ? createTlsServer({ cert: tls.certificatePem, key: tls.keyPem }) : createServer();
  server.on('request', (request: IncomingMessage, response) => {
    const { method = '', headers } = request;
    const url = new URL(request.url ?? '', `${tls ? 'https' : 'http'}://${headers.host ?? 'localhost'}`);
    void text(request)
      .then((body) => answer({ method, url, headers, body }))
      .catch((error: unknown) => json(500, { message: String(error) }))
      .then((given) => given && response.writeHead(given.status, given.headers).end(given.body));
  });
  const port = await listen(server);
  return { port, url: tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`, stop: () => close(server) };
}

/** A JSON answer. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): DoubleAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  };
}
