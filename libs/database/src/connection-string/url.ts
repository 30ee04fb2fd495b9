import { whyUnescaped } from '@key-connector/common';
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
  /** By its name in lower case. */
  readonly query: Readonly<Record<string, string>>;
}

const url = /^([a-z][a-z\d+.-]*):\/\/(?:([^/?#@]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;

/** Whether a text is a URL rather than an ADO.NET connection string. */
export const isUrl = (text: string): boolean => /^(jdbc:)?[a-z][a-z\d+.-]*:\/\//i.test(text);

/**
 * Reads a connection URL into the pairs of a connection string, so that both have one set of rules.
 *
 * Several hosts may stand in it, as in libpq (`postgres://a:5432,b:5433/db`), which `new URL()` does not take.
 *
 * @throws ConnectionStringError that shows nothing of what stands behind the scheme.
 */
export function parseUrl(text: string, keys: UrlKeys): Pair[] {
  const problem = whyNot(text, keys);
  if (problem !== undefined) throw new ConnectionStringError([`the URL ${problem}`]);
  const [, , credentials = '', hosts = '', database = '', query = ''] = url.exec(text) ?? [];
  const [user = '', ...password] = credentials.split(':');
  const pairs: Pair[] = [
    ...hostPairs(hosts, keys),
    { key: keys.user, value: decode(user) },
    { key: keys.password, value: decode(password.join(':')) },
    { key: keys.database, value: decode(database) },
  ].map((pair) => ({ ...pair, place: 'URL' }));
  const parameters = [...new URLSearchParams(query)].map(([key, value], index) => {
    const named = keys.query[key.toLowerCase()] ?? key;
    return { key: named, value, place: `query parameter ${index + 1}` };
  });
  return [...pairs, ...parameters];
}

function whyNot(text: string, { schemes }: UrlKeys): string | undefined {
  const [, scheme = ''] = /^([a-z][a-z\d+.-]*):/i.exec(text) ?? [];
  const wanted = `this database's with ${schemes[0]}://`;
  if (scheme.toLowerCase() === 'jdbc')
    return `is one of JDBC, and ${wanted}: write user and password before the host, or key=value pairs`;
  if (!schemes.includes(scheme.toLowerCase())) return `begins with ${scheme}://, and ${wanted}`;
  const unescaped = whyUnescaped(text);
  if (unescaped !== undefined) return unescaped;
  const match = url.exec(text);
  if (!match) return 'must end where a # begins: write a # that belongs to a name or password as %23';
  const [, , credentials = '', hosts = '', database = ''] = match;
  if (hosts.includes(';') || jdbcProperty.test(credentials))
    return 'has a ; behind the host, as JDBC writes it: write ?key=value&key=value, or key=value pairs';
  if (!credentials.includes(':') && /%3a/i.test(credentials))
    return 'must have the : between user name and password as it is, not as %3A';
  if (/[;&=]/.test(database))
    return "has a ;, & or = behind the database's name: write ?key=value&key=value; one of the name is %3B, %26 or %3D";
  if (database.includes('/')) return "has a second /: write a / that belongs to the database's name as %2F";
  return undefined;
}

/** `host;user=u;password=p@…`: what seems to be a user part ends in JDBC's password. */
const jdbcProperty = /;\s*(?:user|username|password|pwd|database|databasename)\s*=/i;

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
