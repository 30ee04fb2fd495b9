import type { ReadableStream } from 'node:stream/web';
import { KeysUnusable } from './keys-unusable.error.js';

/** A discovery document has 3 KB and a JWKS a few more; the rest is for servers that publish certificate chains. */
const MAX_BYTES = 256 * 1024;

/** GETs a JSON document: no redirects, at most 256 KB, within the signal's deadline for headers and body together. */
export async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'application/json' } });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new KeysUnusable(`answered ${response.status}`);
    }
    return parse(await readText(response.body as ReadableStream<Uint8Array> | null));
  } catch (error) {
    throw new KeysUnusable(`${url}: ${reasonOf(error)}`, { cause: error });
  }
}

async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the body and closes the connection.
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new KeysUnusable(`answered more than ${MAX_BYTES / 1024} KB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KeysUnusable('answered something other than JSON');
  }
}

/** `fetch` only says "fetch failed"; what failed (ECONNREFUSED, a certificate) is in its cause. */
function reasonOf(error: unknown): string {
  const { name, message = 'failed', cause } = (error ?? {}) as Partial<Error>;
  if (name === 'TimeoutError') return 'did not answer in time';
  const { message: because } = (cause ?? {}) as Partial<Error>;
  return because === undefined ? message : `${message}: ${because}`;
}
