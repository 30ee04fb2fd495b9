import type { ReadableStream } from 'node:stream/web';
import { withCaAdvice } from './ca-advice.js';

/**
 * Why a `fetch` failed, for a sentence: it only says "fetch failed", and what failed (ECONNREFUSED, a certificate) is
 * in its cause.
 */
export function fetchFailure(error: unknown): string {
  const { name, message = 'it failed', cause } = (error ?? {}) as Partial<Error>;
  if (name === 'TimeoutError') return 'no answer in time';
  // fetch quotes the header, which may be a token.
  if (message.startsWith('Headers.'))
    return 'a header, such as a token, holds a line end or another character that HTTP does not take';
  // So it does with the whole URL, query and password included.
  if (message.startsWith('Request cannot be constructed')) return 'its URL holds a user name or password';
  if (message.startsWith('Failed to parse URL')) return 'its URL cannot be read';
  const { message: because, code } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  const reason = because === '' ? code : (because ?? code);
  return withCaAdvice(reason === undefined ? message : `${message}: ${reason}`);
}

/**
 * The body of an answer as text, read no further than `maxBytes`: a server may send without end. Throws when it is
 * larger.
 */
export async function readText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the body and closes the connection.
  for await (const chunk of (response.body as ReadableStream<Uint8Array> | null) ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new Error(`it answered more than ${maxBytes / 1024} KB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
