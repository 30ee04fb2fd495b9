import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { open, seal } from '../bound-value.ts';
import { listen } from '../../test/lab/network/listen.ts';
import { fetchIssuer, type Issuer, verifyAccessToken } from './access-token.ts';
import type { BaselineConfig } from './config.ts';

/** How a baseline finds a member's stored value; what the baselines differ in. */
export type ReadValue = (userId: string) => Promise<string | undefined>;

/** How a baseline stores a member's value. */
export type WriteValue = (userId: string, value: string, dataKeyId: number) => Promise<void>;

type Answer = (userId: string, request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Serves `/user-keys` on bare node:http, with nothing that a benchmark of one member's key does not need. */
export async function serveMembers(
  config: BaselineConfig,
  readValue: ReadValue,
  writeValue?: WriteValue,
): Promise<void> {
  const issuer = await fetchIssuer(config.identityServerUri);
  const answers: Record<string, Answer | undefined> = {
    GET: (userId, _, response) => answerKey(config, readValue, userId, response),
    PUT: writeValue && ((userId, request, response) => storeKey(config, writeValue, userId, request, response)),
  };
  const server = createServer((request, response) => {
    const answer = request.url === '/user-keys' ? answers[request.method ?? ''] : undefined;
    if (answer === undefined) {
      end(response, request.url === '/health' ? 200 : 404);
      return;
    }
    answerMember(issuer, answer, request, response).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      end(response, 500);
    });
  });
  process.once('SIGTERM', () => process.exit());
  await listen(server, config.port);
}

async function answerMember(
  issuer: Issuer,
  answer: Answer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const userId = verifyAccessToken(issuer, request.headers.authorization);
  if (typeof userId === 'number') end(response, userId);
  else await answer(userId, request, response);
}

async function answerKey(
  config: BaselineConfig,
  readValue: ReadValue,
  userId: string,
  response: ServerResponse,
): Promise<void> {
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

async function storeKey(
  { dataKey }: BaselineConfig,
  writeValue: WriteValue,
  userId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { key } = JSON.parse(await bodyOf(request)) as { key?: unknown };
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : undefined;
  if (bytes?.length !== 32) {
    end(response, 400);
    return;
  }
  await writeValue(userId, seal(dataKey, userId, bytes), dataKey.id);
  bytes.fill(0);
  end(response, 200);
}

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      resolve(body);
    });
    request.on('error', reject);
  });
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0 });
  response.end();
}
