import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';

/** One request of a test, to a server whose certificate `ca` signed. */
export interface HttpsCall {
  readonly ca: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The answer to it. */
export interface HttpsAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends it, and reads the whole answer. */
export async function httpsCall(url: string, call: HttpsCall): Promise<HttpsAnswer> {
  const { ca, method = 'GET', headers = {}, body } = call;
  const sent = request(url, { ca, method, headers, agent: false }).end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, body: await text(answer) };
}
