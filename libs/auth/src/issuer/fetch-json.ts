import { fetchFailure, readText, Uri } from '@key-connector/common';
import { isWithinLimits, type JsonLimits } from '../json/json-limits.js';
import { quoted } from '../json/quoted.js';
import { KeysUnusable } from './issuer.errors.js';

/** A discovery document has 3 KB and a JWKS a few more; the rest is for servers that publish certificate chains. */
const MAX_BYTES = 256 * 1024;

/** 100 keys have some 1000 members. Reading so much takes a tenth of a millisecond; what 256 KB can hold takes many. */
const limits: JsonLimits = { depth: 16, members: 4000, commas: 8000, repeatedNames: 'allowed' };

/** Where a document is, and what names the place: a setting, or another document. */
export interface DocumentPlace {
  readonly url: string;
  readonly namedBy: string;
}

/** GETs a JSON document: no redirects, at most 256 KB, within the signal's deadline for headers and body together. */
export async function fetchJson({ url, namedBy }: DocumentPlace, signal: AbortSignal): Promise<unknown> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'application/json' } });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new KeysUnusable(`answered ${response.status}${redirection(response, url, namedBy)}`);
    }
    return parse(await readText(response, MAX_BYTES));
  } catch (error) {
    throw new KeysUnusable(`${new Uri(url).toString()}: ${fetchFailure(error)}`, { cause: error });
  }
}

/** Where a redirect leads, without what may be secret in it, and what to do: whoever answers it could be anybody. */
function redirection(response: Response, url: string, namedBy: string): string {
  const location = response.headers.get('location');
  if (location === null) return '';
  const target = URL.parse(location, url);
  if (target === null) return ', a redirect to what is no address';
  target.username = target.password = '';
  const where = quoted(new Uri(target.href).toString());
  const what = `change ${namedBy}, or let the document past what asks for a login there`;
  return `, a redirect to ${where}, which is not followed: ${what}`;
}

function parse(text: string): unknown {
  if (!isWithinLimits(text, limits)) throw new KeysUnusable('answered JSON of more parts than any issuer has');
  try {
    // RFC 8259, section 8.1: a byte order mark may be passed over.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new KeysUnusable(`answered ${/^\s*</.test(text) ? 'a web page' : 'something other than JSON'}`);
  }
}
