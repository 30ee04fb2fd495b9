import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { BodyMalformed } from './user-keys.errors.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Lets JSON bodies reach the controllers as bytes, and no other bodies at all (415). So a body is read behind the
 * guard, by {@link readJsonBody}, and never for a request whose token is no good. Make the application with
 * `bodyParser: false`.
 */
export function takeJsonAsBytes(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
}

/**
 * Reads the bytes of a JSON body, `undefined` where there is none.
 *
 * @throws BodyMalformed for what is no UTF-8, no JSON, or holds a member twice: parsers disagree on which of the two
 * counts (RFC 8259, section 4), and what is between the client and us may have checked the other one.
 */
export function readJsonBody(body: unknown): unknown {
  if (body === undefined || body === null) return undefined;
  if (!(body instanceof Uint8Array)) throw new BodyMalformed();
  const text = decode(body);
  const value = parse(text);
  if (namesIn(text) !== membersOf(value)) throw new BodyMalformed();
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new BodyMalformed();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BodyMalformed();
  }
}

/** How many member names stand in the text of a JSON value: strings with a colon behind them. */
function namesIn(text: string): number {
  let names = 0;
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) names += 1;
  return names;
}

/** How many members its objects have. Not by recursion: a body can be nested as deep as it is long. */
function membersOf(value: unknown): number {
  let members = 0;
  const open = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const values: unknown[] = Object.values(next);
    if (!Array.isArray(next)) members += values.length;
    open.push(...values);
  }
  return members;
}
