import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** A request, as a route reads it. */
export interface Call {
  readonly authorization: string | undefined;
  readonly body: string;
}

/** An answer: JSON, or no body at all. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
}

/** Handlers by `METHOD /path`. */
export type Routes = Readonly<Record<string, (call: Call) => Answer | Promise<Answer>>>;

/** One request that was answered: `POST /identity/connect/token 200`. */
export type Seen = `${string} ${string} ${number}`;

/** Answers `routes` and writes down every request; a path without a route is a 404. */
export function router(routes: Routes, seen: Seen[]): RequestListener {
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const handler = routes[routeOf(request)];
    if (!handler) return { status: 404, json: { message: 'no such route in this stand-in' } };
    return handler({ authorization: request.headers.authorization, body: await text(request) });
  };
  return (request, response) => {
    answer(request)
      .catch((error: unknown): Answer => ({ status: 400, json: { message: String(error) } }))
      .then(({ status, json }) => {
        seen.push(`${routeOf(request)} ${status}` as Seen);
        send(response, status, json);
      })
      .catch((error: unknown) => response.destroy(error as Error));
  };
}

function routeOf({ method = '', url = '' }: IncomingMessage): string {
  return `${method} ${url.replace(/\?.*$/, '')}`;
}

function send(response: ServerResponse, status: number, json: unknown): void {
  if (json === undefined) {
    response.writeHead(status).end();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
}
