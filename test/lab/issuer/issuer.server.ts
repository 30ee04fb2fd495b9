import { createServer } from 'node:http';
import { close, listen } from '../network/listen.ts';
import { type Answer, answers, type Behaviour } from './faults.ts';
import {
  type IssuerKey,
  makeIssuerKey,
  publicJwk,
  signToken,
  signTokenOnThreads,
  type TokenOverrides,
} from './tokens.ts';

/** How a test's issuer starts. */
export interface IssuerOptions {
  /** The `iss` of its tokens; like the real server's it differs from the URI. */
  readonly issuer?: string;
  /** 0, the default, takes a free port; give one to come back on the same address. */
  readonly port?: number;
  /** 127.0.0.1, unless others than this machine's processes are to reach it. */
  readonly host?: string;
  readonly key?: IssuerKey;
}

/** An OpenID issuer on a real socket: discovery, JWKS and tokens, and every way to get them wrong. */
export interface IssuerServer {
  /** For `identityServerUri`. */
  readonly uri: string;
  readonly jwksUri: string;
  readonly issuer: string;
  /** The key that signs now. */
  readonly key: IssuerKey;
  /** How often the JWKS was asked for. */
  readonly fetches: number;
  /** Every path asked for, in order. */
  readonly requests: readonly string[];
  /** For every answer that was broken off before its end: how many bytes had been sent for it. */
  readonly hungUp: readonly number[];
  /** The discovery document, open to changes. */
  readonly discovery: Record<string, unknown>;
  /** The JWKS entries, open to changes. */
  readonly jwks: unknown[];
  /** A token that is good but for the overrides. */
  token(overrides?: TokenOverrides): string;
  /** The same, for thousands of them at once. */
  tokenOnThreads(overrides?: TokenOverrides): Promise<string>;
  /** Signs with a new key from now on, with a `kid` of its own or this one; `keepOld` leaves the old one in the set. */
  rotate(options?: { readonly keepOld?: boolean; readonly kid?: string }): IssuerKey;
  /** Changes how the endpoints answer from now on. */
  behave(behaviour: { readonly discovery?: Behaviour; readonly jwks?: Behaviour }): void;
  stop(): Promise<void>;
}

/** Starts an issuer. */
export async function startIssuer(options: IssuerOptions = {}): Promise<IssuerServer> {
  const { host = '127.0.0.1', port } = options;
  const issuer = options.issuer ?? 'http://identity.test';
  let key = options.key ?? makeIssuerKey();
  let answer: { discovery: Answer; jwks: Answer } = { discovery: answers.ok, jwks: answers.ok };
  const requests: string[] = [];
  const hungUp: number[] = [];
  const jwks: unknown[] = [publicJwk(key)];

  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const { socket } = request;
    const before = socket.bytesWritten;
    response.once('close', () => {
      if (!response.writableFinished) hungUp.push(socket.bytesWritten - before);
    });
    if (request.url === '/.well-known/openid-configuration') answer.discovery(response, () => discovery);
    else if (request.url === '/jwks') answer.jwks(response, () => ({ keys: jwks }));
    else response.writeHead(404).end();
  });
  const uri = `http://${host}:${await listen(server, port, host)}`;
  const discovery: Record<string, unknown> = { issuer, jwks_uri: `${uri}/jwks` };

  return {
    uri,
    jwksUri: `${uri}/jwks`,
    issuer,
    requests,
    hungUp,
    discovery,
    jwks,
    get key() {
      return key;
    },
    get fetches() {
      return requests.filter((path) => path === '/jwks').length;
    },
    token: (overrides) => signToken(key, issuer, overrides),
    tokenOnThreads: (overrides) => signTokenOnThreads(key, issuer, overrides),
    rotate: ({ keepOld = false, kid } = {}) => {
      key = makeIssuerKey(2048, kid);
      jwks.splice(0, keepOld ? 0 : jwks.length, publicJwk(key));
      return key;
    },
    behave: (behaviour) => {
      answer = {
        discovery: behaviour.discovery ? answers[behaviour.discovery] : answer.discovery,
        jwks: behaviour.jwks ? answers[behaviour.jwks] : answer.jwks,
      };
    },
    stop: () => close(server),
  };
}
