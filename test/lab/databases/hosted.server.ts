import { randomBytes } from 'node:crypto';
import type { DatabaseServer } from './database.server.ts';

/** A name that no other run has: a hosted server is shared with runs that know nothing of this one. */
export const freshName = (): string => `key_connector_${randomBytes(6).toString('hex')}`;

/** Host and login out of a server's URL. */
export function adminOf(
  serverUrl: string,
  defaultPort: number,
): { host: string; port: number; user: string; password: string } {
  const { hostname, port, username, password } = new URL(serverUrl);
  return {
    host: hostname,
    port: Number(port || defaultPort),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

type Harm = Pick<DatabaseServer, 'restart' | 'launch' | 'crash' | 'kill' | 'freeze' | 'thaw'>;

/** What is not done to a server that somebody else runs, which this environment variable named. */
export function unharmed(variable: string): Harm {
  const notOurs = (): Promise<never> =>
    Promise.reject(new Error(`This server is not ours to kill: run the test without ${variable}.`));
  return { restart: notOurs, launch: notOurs, crash: notOurs, kill: notOurs, freeze: notOurs, thaw: notOurs };
}
