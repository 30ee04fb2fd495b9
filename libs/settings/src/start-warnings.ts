import { stat } from 'node:fs/promises';
import { everyAddress } from '@key-connector/common';
import { envFileWarning, type Environment, processEnvironment } from './environment.js';
import type { Settings } from './settings.js';

/** Reading by users who are neither the owner nor in the group (POSIX). */
const OTHERS_READ = 0o004;

/** All addresses of the machine: of both families, of IPv4, of IPv6 with IPv4. */
const everywhere: ReadonlySet<string> = new Set([everyAddress, '0.0.0.0', '::']);

/** What an operator should look at although the service starts; a sentence each. */
export async function startWarnings(
  settings: Settings,
  environment: Environment = processEnvironment(),
): Promise<string[]> {
  const found = await Promise.all(keyFiles(settings).map(([name, path]) => openKeyFile(name, path)));
  const others = [envFileWarning(), plainHttp(settings), ...otherPorts(settings, environment)];
  return [...settings.remarks, ...found, ...others].filter((warning) => warning !== undefined);
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

/** Where the official container is told to listen: `http://+:5000;https://+:5001`, or ports alone. */
const ofAspNet = ['ASPNETCORE_URLS', 'ASPNETCORE_HTTP_PORTS', 'ASPNETCORE_HTTPS_PORTS'];

/** Somebody who moved the official container to another port would wait in vain there. */
function otherPorts({ http: { port } }: Settings, environment: Environment): string[] {
  return ofAspNet
    .filter((name) => {
      const places = (environment[name] ?? '').split(';').filter((place) => place.trim() !== '');
      return places.length > 0 && !places.some((place) => new RegExp(`(^|:)${port}/?$`).test(place.trim()));
    })
    .map((name) => `${name} is not read: this service listens on port ${port}, until http__port says otherwise.`);
}
