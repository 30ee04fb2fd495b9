import { type DoubleAnswer, type DoubleRequest, json as jsonAnswer } from '../../../lab/clouds/http-double.js';

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

/** Answers `routes` and writes down every request; a path without a route is a 404, what a handler throws a 400. */
export function router(routes: Routes, seen: Seen[]): (request: DoubleRequest) => Promise<DoubleAnswer> {
  return async ({ method, url, headers, body }) => {
    const route = `${method} ${url.pathname}`;
    const handler = routes[route] ?? (() => ({ status: 404, json: { message: 'no such route in this stand-in' } }));
    const { status, json } = await Promise.resolve({ authorization: headers.authorization, body })
      .then(handler)
      .catch((error: unknown): Answer => ({ status: 400, json: { message: String(error) } }));
    seen.push(`${route} ${status}` as Seen);
    return json === undefined ? { status } : jsonAnswer(status, json);
  };
}
