import { isHost } from '../connection-string/host.js';

/** Where a SQL Server listens: a port, or the name of an instance whose port the SQL Server Browser knows. */
export type ServerAddress = { readonly host: string } & (
  { readonly port: number; readonly instance?: undefined } | { readonly port?: undefined; readonly instance: string }
);

const defaultPort = 1433;

/** Names that SqlClient takes for this machine. */
const local = new Set(['.', '(local)']);

/**
 * Reads `Server` as SqlClient does: `host`, `tcp:host,port`, `host\instance`. A port makes the instance's name
 * needless.
 *
 * @returns a problem as text when it cannot be read.
 */
export function parseServer(server: string, urlPort?: number): ServerAddress | string {
  const protocol = /^(tcp|np|lpc|admin):/i.exec(server)?.[1]?.toLowerCase();
  if (protocol !== undefined && protocol !== 'tcp') {
    return `Server must not begin with ${protocol}: only TCP is supported`;
  }
  if (/^\(localdb\)/i.test(server)) return 'Server must not be LocalDB, which is for one Windows user: use a server';
  if (/^(?:tcp:)?[^:,\\[\]]+:\d+$/i.test(server)) return 'Server must have a comma before the port: host,port';
  const match = /^(?:tcp:)?([^\\,]+)(?:\\([^\\,]+))?(?:,(\d{1,5}))?$/i.exec(
    server.trim().replaceAll(/\s*([:,\\])\s*/g, '$1'),
  );
  const [, host = '', instance, digits] = match ?? [];
  const port = digits === undefined ? urlPort : Number(digits);
  const name = local.has(host.toLowerCase()) ? 'localhost' : host.replaceAll(/[[\]]/g, '');
  const isInstance = instance === undefined || /^[\p{L}\p{N}_$#-]+$/u.test(instance);
  if (!isHost(name) || !isInstance || (port !== undefined && (port < 1 || port > 65_535))) {
    return String.raw`Server must be host, tcp:host,port or host\instance`;
  }
  if (port === undefined && instance !== undefined && instance.toUpperCase() !== 'MSSQLSERVER') {
    return { host: name, instance };
  }
  return { host: name, port: port ?? defaultPort };
}
