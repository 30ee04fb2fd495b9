import { once } from 'node:events';
import { type Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';

/** One request; a GET without headers when nothing is said. */
export interface HttpCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The authority that signed the server's certificate, PEM; `false` takes any certificate. */
  readonly ca?: string | false;
  /** Keeps connections; without it every call has one of its own. */
  readonly agent?: Agent;
  readonly timeoutMs?: number;
}

/** The answer to it, whole. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends it with node:http, which takes an authority and gives each call a connection: `fetch` does neither. */
export async function httpCall(url: string, call: HttpCall = {}): Promise<HttpAnswer> {
  const { method = 'GET', headers = {}, body, ca, agent = false, timeoutMs = 60_000 } = call;
  const trust = ca === false ? { rejectUnauthorized: false } : ca === undefined ? {} : { ca };
  const send = url.startsWith('https:') ? requestHttps : requestHttp;
  const request = send(url, { method, headers, agent, timeout: timeoutMs, ...trust });
  request.on('timeout', () => request.destroy(new Error(`${url} did not answer within ${timeoutMs} ms.`)));
  request.end(body);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, body: await text(answer) };
}

/**
 * The status that a GET is answered with, `undefined` when it gets no answer; whose certificate it is does not matter.
 */
export function statusOf(url: string): Promise<number | undefined> {
  return httpCall(url, { ca: false, timeoutMs: 2_000 }).then(
    ({ status }) => status,
    () => undefined,
  );
}
