import { lookup as lookupOfSystem } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, createServer, isIP } from 'node:net';
import { z } from 'zod';
import { KeyConnectorError } from './key-connector.errors.js';

/** As a setting: every address of this machine, of IPv6 and of IPv4. */
export const everyAddress = '*';

/** A host name (RFC 1123, section 2.1), which no number and no address with a slip is taken for. */
const hostName = /^(?=.*[a-z])[a-z\d_]([\w-]*[a-z\d])?(\.[a-z\d_]([\w-]*[a-z\d])?)*\.?$/i;

/**
 * An address to listen on: IPv4, IPv6 with brackets or without, a name of this machine, or `*` for every address; `+`
 * is another word for that. IPv6 comes out without brackets and in its shortest form.
 */
export const listenAddress = (description: string): z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> =>
  z
    .string({ error: 'must be text' })
    .trim()
    .refine((given) => normalized(given) !== undefined, {
      error:
        'must be an address of this machine, such as 127.0.0.1 or ::, a name of it, or * for all, without scheme and port; ' +
        'the port is a setting of its own',
    })
    .transform((given) => normalized(given) ?? given)
    .meta({ description });

function normalized(given: string): string | undefined {
  if (given === '*' || given === '+') return everyAddress;
  const bare = given.replace(/^\[([^[\]]*)\]$/, '$1');
  const family = isIP(bare);
  // A zone (fe80::1%eth0) is no part of a URL.
  if (family === 6) return URL.parse(`http://[${bare}]`)?.hostname.slice(1, -1) ?? bare;
  return family === 4 || hostName.test(given) ? given : undefined;
}

/**
 * What `server.listen` takes for an address. For none, Node listens on `::`, where IPv4 arrives too, or on 0.0.0.0
 * where the machine has no IPv6.
 */
export const hostToListenOn = (address: string): string => (address === everyAddress ? '' : address);

/** The service cannot listen where its settings say. */
class ListenRefused extends KeyConnectorError {
  readonly code = 'SETTINGS_INVALID';
}

/** Where a server was to listen; `branch` holds its settings `host` and `port`. */
interface Place {
  readonly branch: 'http' | 'metrics';
  readonly host: string;
  readonly port: number;
}

const reasons: Readonly<Record<string, (place: Place) => string>> = {
  EADDRINUSE: ({ branch, host, port }) => `${branch}__port: port ${port} on ${host} is taken; free it, or give another`,
  EACCES: ({ branch, port }) => `${branch}__port: this user may not listen on port ${port}; take one from 1024 on`,
  EADDRNOTAVAIL: ({ branch, host }) => `${branch}__host: this machine has no address ${host}`,
  EAFNOSUPPORT: ({ branch, host }) => `${branch}__host: this machine has no IPv6, so not ${host}; * takes what it has`,
  ENOTFOUND: ({ branch, host }) => `${branch}__host: there is no host of the name ${host}`,
  EAI_AGAIN: ({ branch, host }) => `${branch}__host: the name ${host} was not found; is there a name server?`,
};

/** What a failed `listen` means, by the setting to change; an error of another kind stays as it is. */
export function listenFailure(error: unknown, place: Place): unknown {
  const { code = '' } = (error ?? {}) as NodeJS.ErrnoException;
  const reason = reasons[code]?.(place);
  return reason === undefined ? error : new ListenRefused(`${reason} (${code}).`);
}

/** The addresses of a name. */
type Lookup = (name: string, options: { readonly all: true }) => Promise<readonly { readonly address: string }[]>;

/**
 * Throws when another process listens on the port at an address of the name that we listen on: `localhost` is 127.0.0.1
 * and ::1, a server takes what it gets of a name's addresses, and who goes to the name would reach one or the other.
 *
 * @param ours where our server listens.
 */
export async function assertNameIsOurs(
  place: Place,
  ours: readonly (AddressInfo | string)[],
  lookup: Lookup = lookupOfSystem,
): Promise<void> {
  const { host, port } = place;
  if (host === everyAddress || isIP(host) !== 0) return;
  const held = ours.map((one) => (typeof one === 'string' ? one : one.address));
  for (const { address } of await lookup(host, { all: true })) {
    if (!held.includes(address) && (await isTaken(address, port)))
      throw listenFailure({ code: 'EADDRINUSE' }, { ...place, host: `${host} (${address})` });
  }
}

/** Whether a process listens there; `false` for an address that this machine does not have. */
async function isTaken(host: string, port: number): Promise<boolean> {
  const probe = createServer((socket) => socket.destroy());
  probe.listen({ host, port, exclusive: true });
  try {
    await once(probe, 'listening');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  }
  probe.close();
  await once(probe, 'close');
  return false;
}
