import type { Pair } from './ado-net.js';
import { ConnectionStringError } from './connection-string.errors.js';

/** How the parts of a URL and its query are called as keys of the connection string. */
export interface UrlKeys {
  /** The first one is shown. */
  readonly schemes: readonly [string, ...string[]];
  readonly host: string;
  readonly port: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly query: Readonly<Record<string, string>>;
}

const url = /^([a-z][a-z\d+.-]*):\/\/(?:([^/?#@]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;

/** Whether a text is a URL rather than an ADO.NET connection string. */
export const isUrl = (text: string): boolean => /^[a-z][a-z\d+.-]*:\/\//i.test(text);

/**
 * Reads a connection URL into the pairs of a connection string, so that both have one set of rules.
 *
 * Several hosts may stand in it, as in libpq (`postgres://a:5432,b:5433/db`), which `new URL()` does not take.
 */
export function parseUrl(text: string, keys: UrlKeys): Pair[] {
  const match = url.exec(text);
  if (!match) throw new ConnectionStringError(['the URL is malformed (escape / ? # @ in user and password as %2F …)']);
  const [, scheme = '', credentials = '', hosts = '', database = '', query = ''] = match;
  if (!keys.schemes.includes(scheme.toLowerCase())) {
    throw new ConnectionStringError([
      `the URL begins with ${scheme}://, and this database's with ${keys.schemes[0]}://`,
    ]);
  }
  const [user = '', ...password] = credentials.split(':');
  const pairs: Pair[] = [
    ...hostPairs(hosts, keys),
    { key: keys.user, value: decode(user) },
    { key: keys.password, value: decode(password.join(':')) },
    { key: keys.database, value: decode(database) },
  ];
  for (const [key, value] of new URLSearchParams(query)) {
    // libpq writes verify-full where Npgsql writes VerifyFull.
    const named = keys.query[key.toLowerCase()];
    pairs.push({ key: named ?? key, value: key.toLowerCase() === 'sslmode' ? value.replaceAll('-', '') : value });
  }
  return pairs;
}

function hostPairs(hosts: string, keys: UrlKeys): Pair[] {
  const single = /^(\[[^\]]+\]|[^:,]*)(?::(\d+))?$/.exec(hosts);
  if (!single) return [{ key: keys.host, value: decode(hosts) }];
  const [, host = '', port = ''] = single;
  return [
    { key: keys.host, value: decode(host).replaceAll(/[[\]]/g, '') },
    { key: keys.port, value: port },
  ];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConnectionStringError(['the URL holds a malformed % escape']);
  }
}
