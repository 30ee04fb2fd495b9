import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** The status that a GET is answered with; `undefined` when nobody answers within two seconds. */
export function statusOf(url: string): Promise<number | undefined> {
  // A health probe on our own loopback: whose certificate answers is not what is asked here.
  const options = { agent: false, timeout: 2_000, rejectUnauthorized: false } as const;
  return new Promise((resolve) => {
    const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, options, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => {
      resolve(undefined);
    });
    request.end();
  });
}
