import type { ServerResponse } from 'node:http';

/** One way of answering a GET. */
export type Answer = (response: ServerResponse, document: () => unknown) => void;

/** How an issuer's endpoint can behave. */
export type Behaviour =
  'ok' | 'byteOrderMark' | 'error' | 'html' | 'redirect' | 'drip' | 'huge' | 'hang' | 'reset' | 'array';

const json = { 'content-type': 'application/json' };

/** Every behaviour of an endpoint. Two send the document, a fault never does. */
export const answers: Record<Behaviour, Answer> = {
  ok: (response, document) => {
    response.writeHead(200, json).end(JSON.stringify(document()));
  },
  byteOrderMark: (response, document) => {
    response.writeHead(200, json).end(`\uFEFF${JSON.stringify(document())}`);
  },
  error: (response) => {
    response.writeHead(500, json).end('{"error":"server_error"}');
  },
  html: (response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please sign in</body></html>');
  },
  redirect: (response) => {
    response.writeHead(302, { location: '/elsewhere?ticket=hunter2' }).end();
  },
  drip: (response, document) => {
    const text = JSON.stringify(document());
    response.writeHead(200, json);
    let sent = 0;
    const timer = setInterval(() => response.write(text[sent++ % text.length] ?? ' '), 20);
    response.once('close', () => {
      clearInterval(timer);
    });
  },
  huge: (response) => {
    const block = Buffer.alloc(64 * 1024, 0x20);
    let left = 1600; // 100 MB
    const more = (): void => {
      while (left-- > 0) if (!response.write(block)) return void response.once('drain', more);
      response.end();
    };
    response.writeHead(200, json);
    more();
  },
  hang: () => {
    // The answer never comes.
  },
  reset: (response) => {
    response.destroy();
  },
  array: (response) => {
    response.writeHead(200, json).end('[]');
  },
};
