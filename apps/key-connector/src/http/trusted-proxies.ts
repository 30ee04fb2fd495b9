import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { HttpSettings } from '@key-connector/settings';

/**
 * The proxies that the settings trust, and the client that they say is behind them.
 *
 * Fastify reads `X-Forwarded-For` too, and takes an entry with a port, as Azure's gateway writes it, for no address.
 */
export class TrustedProxies {
  private readonly listed = new BlockList();
  private readonly everybody: boolean;

  constructor(trustProxy: HttpSettings['trustProxy']) {
    this.everybody = trustProxy === true;
    for (const entry of typeof trustProxy === 'boolean' ? [] : trustProxy) {
      const [address = '', prefix] = entry.split('/');
      if (prefix === undefined) this.listed.addAddress(address, familyOf(address));
      else this.listed.addSubnet(address, Number(prefix), familyOf(address));
    }
  }

  /** Whether an address is a trusted proxy's. */
  includes(address: string): boolean {
    return this.everybody || this.listed.check(address, familyOf(address));
  }

  /** Whether who sent the request is a trusted proxy. */
  sent({ socket: { remoteAddress } }: IncomingMessage): boolean {
    return remoteAddress !== undefined && this.includes(remoteAddress);
  }

  /**
   * The address of the client: the connection's own, or of those in `X-Forwarded-For` the last that is not a trusted
   * proxy's. What is no address (`unknown`) is not gone beyond. `undefined` when the client is gone.
   */
  clientOf(request: IncomingMessage): string | undefined {
    const { remoteAddress } = request.socket;
    if (remoteAddress === undefined) return undefined;
    let client = withoutMapping(remoteAddress);
    const forwarded = request.headers['x-forwarded-for'];
    if (typeof forwarded !== 'string') return client;
    for (const entry of forwarded.split(',').reverse()) {
      if (entry.trim() === '') continue;
      const address = this.includes(client) ? addressIn(entry.trim()) : undefined;
      if (address === undefined) break;
      client = address;
    }
    return client;
  }
}

/**
 * The IPv4 address in one that is written as IPv6 (RFC 4291, section 2.5.5.2): a socket for both families says
 * `::ffff:203.0.113.9`, and `::ffff:cb00:7109` is the same.
 */
function withoutMapping(address: string): string {
  const shortest = isIPv6(address) ? URL.parse(`http://[${address}]`)?.hostname : undefined;
  const [, high, low] = /^\[::ffff:([\da-f]{1,4}):([\da-f]{1,4})\]$/.exec(shortest ?? '') ?? [];
  if (high === undefined || low === undefined) return address;
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [first >> 8, first & 255, second >> 8, second & 255].join('.');
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4');

/**
 * An address without brackets and port: of `203.0.113.9:51234`, `[2001:db8::1]:4711`, or eight groups and a port. One
 * with a zone (`fe80::1%…`) is none: behind the `%` Node takes any text, and the audit log would say it.
 */
function addressIn(entry: string): string | undefined {
  if (entry.includes('%')) return undefined;
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(entry) ?? [];
  const bare = bracketed ?? entry;
  if (isIP(bare) !== 0) return withoutMapping(bare);
  const withoutPort = entry.replace(/:\d{1,5}$/, '');
  return bracketed === undefined && isIP(withoutPort) !== 0 ? withoutMapping(withoutPort) : undefined;
}
