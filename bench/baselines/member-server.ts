import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { open } from '../bound-value.ts';
import { listen } from '../support/listen.ts';
import { fetchIssuer, type Issuer, verifyAccessToken } from './access-token.ts';
import type { BaselineConfig } from './config.ts';

/** How a baseline finds a member's stored value; what the baselines differ in. */
export type ReadValue = (userId: string) => Promise<string | undefined>;

/** Serves `GET /user-keys` on bare node:http, with nothing that a benchmark of reading a key does not need. */
export async function serveMembers(config: BaselineConfig, readValue: ReadValue): Promise<void> {
  const issuer = await fetchIssuer(config.identityServerUri);
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/user-keys') {
      end(response, request.url === '/health' ? 200 : 404);
      return;
    }
    answerMember(config, issuer, readValue, request, response).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      end(response, 500);
    });
  });
  process.once('SIGTERM', () => process.exit());
  await listen(server, config.port);
}

async function answerMember(
  config: BaselineConfig,
  issuer: Issuer,
  readValue: ReadValue,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const userId = verifyAccessToken(issuer, request.headers.authorization);
  if (typeof userId === 'number') {
    end(response, userId);
    return;
  }
  const value = await readValue(userId);
  if (value === undefined) {
    end(response, 404);
    return;
  }
  const key = open(config.dataKey, userId, value);
  const body = `{"key":"${key.toString('base64')}"}`;
  key.fill(0);
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
  });
  response.end(body);
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0 });
  response.end();
}
