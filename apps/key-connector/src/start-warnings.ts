import { stat } from 'node:fs/promises';
import { envFileWarning, type Settings } from '@key-connector/settings';

/** Reading by users who are neither the owner nor in the group (POSIX). */
const OTHERS_READ = 0o004;

/** All addresses of the machine, in IPv4 and IPv6. */
const everywhere: ReadonlySet<string> = new Set(['0.0.0.0', '::', '0', '::0']);

/** What an operator should look at although the service starts; a sentence each. */
export async function startWarnings(settings: Settings): Promise<string[]> {
  const found = await Promise.all(keyFiles(settings).map(([name, path]) => openKeyFile(name, path)));
  return [...found, plainHttp(settings), envFileWarning()].filter((warning) => warning !== undefined);
}

/** The files with private keys that the settings name. */
function keyFiles({ http, keyProvider }: Settings): [name: string, path: string][] {
  const files: [string, string][] = [];
  if (http.tlsKeyPath !== undefined) files.push(['http__tlsKeyPath', http.tlsKeyPath]);
  if (keyProvider.kind === 'certificate' && keyProvider.source.kind === 'filesystem') {
    files.push(['certificate__filesystemPath', keyProvider.source.path]);
  }
  return files;
}

async function openKeyFile(name: string, path: string): Promise<string | undefined> {
  const mode = await stat(path).then(
    (stats) => stats.mode,
    // Whoever reads it says what is wrong.
    () => 0,
  );
  if ((mode & OTHERS_READ) === 0) return undefined;
  return `${name}: every user of this machine can read the private key in ${path}. Take that right away: chmod o-r.`;
}

/** A deployment that names its proxies has one in front, which ends TLS. */
function plainHttp({ http }: Settings): string | undefined {
  if (http.tlsCertificatePath !== undefined || http.trustProxy !== false || !everywhere.has(http.host))
    return undefined;
  return (
    'http__host: plain HTTP is spoken on all addresses, and keys travel readable. Put a proxy that ends TLS in front and ' +
    'name it in http__trustProxy, give http__tlsCertificatePath, or listen on 127.0.0.1.'
  );
}
