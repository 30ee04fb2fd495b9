import { ConnectionStringError } from './connection-string.errors.js';

/** One `key=value` of a connection string, as written. */
export interface Pair {
  readonly key: string;
  readonly value: string;
  /** Where it stands, when that is not between two `;`: "query parameter 2". A URL's parts end where they seem to. */
  readonly place?: string;
}

/** A pair that begins at the current position: the key (`==` stands for one `=`), then a quoted or a bare value. */
const pair = /\s*((?:[^=;]|==)+?)\s*=(?!=)\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^;"'][^;]*)?)\s*(?:;|$)/y;

/**
 * Splits an ADO.NET connection string (the rules of .NET's DbConnectionStringBuilder) into its pairs.
 *
 * @throws ConnectionStringError naming the place by its number only: a stray part may belong to a password.
 */
export function parseAdoNet(text: string): Pair[] {
  const pairs: Pair[] = [];
  pair.lastIndex = 0;
  const end = text.trimEnd().length;
  for (let at = skipBlanks(text, 0); at < end; at = skipBlanks(text, pair.lastIndex)) {
    pair.lastIndex = at;
    const match = pair.exec(text);
    if (!match) throw new ConnectionStringError([`part ${pairs.length + 1} ${noPair}`]);
    const [, key = '', double, single, bare] = match;
    const value = double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'") ?? bare?.trim() ?? '';
    pairs.push({ key: key.replaceAll('==', '='), value });
  }
  return pairs;
}

const noPair =
  'is not key=value, with a ; behind it (a value that holds ; or quotes, or begins with =, stands in quotes: ' +
  '"…" with each " inside doubled; braces do not count as quotes)';

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && /[\s;]/.test(text.charAt(at))) at += 1;
  return at;
}
