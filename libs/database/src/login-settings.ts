import { Secret } from '@key-connector/common';
import { DatabaseUnexpected } from './errors/database.errors.js';

/** What of a connection string says who logs in and how the other side is checked, by the names of its fields. */
const loginFields: ReadonlySet<string> = new Set([
  'username',
  'userId',
  'password',
  'sslPassword',
  'sslCertificate',
  'sslKey',
  'sslCert',
  'rootCertificate',
  'sslCa',
  'hostNameInCertificate',
]);

type Fields = Readonly<Record<string, unknown>>;

/**
 * Makes sure that two connections differ in nothing but the login: members must not be looked for in another place than
 * before without the checks of a start, and limits were handed on at the start.
 *
 * @throws DatabaseUnexpected that names the fields; no value.
 */
export function assertLoginAlone(inUse: object, next: object, description: string): void {
  const [old, now] = [inUse as Fields, next as Fields];
  const names = new Set([...Object.keys(old), ...Object.keys(now)]);
  const others = [...names].filter((name) => !loginFields.has(name) && textOf(old[name]) !== textOf(now[name]));
  if (others.length === 0) return;
  throw new DatabaseUnexpected(
    `${description}: the new connection string differs in more than the login (${others.sort().join(', ')}). ` +
      'Restart the service for that: a start looks at what is there.',
  );
}

const textOf = (value: unknown): string => (value instanceof Secret ? value.reveal() : JSON.stringify(value));

/** The files that a connection names for its login. */
export function loginFiles(connection: object): string[] {
  const { sslCertificate, sslKey, sslCert, rootCertificate, sslCa } = connection as Fields;
  return [sslCertificate, sslKey, sslCert, rootCertificate, sslCa].filter(
    (path): path is string => typeof path === 'string' && path.includes('/'),
  );
}
