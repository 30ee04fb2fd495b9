import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import type { HttpSettings } from '@key-connector/settings';

/** Harmless text of a length that both logs can hold. */
const harmless = /^[\w.:-]{1,64}$/;

/** Gives each request an id: a trusted proxy's `X-Request-Id`, so that both logs can be joined, else a new one. */
export function requestIds(trustProxy: HttpSettings['trustProxy']): (request: IncomingMessage) => string {
  const trusts = trusted(trustProxy);
  return ({ headers, socket }) => {
    const given = headers['x-request-id'];
    return typeof given === 'string' && harmless.test(given) && trusts(socket.remoteAddress) ? given : randomUUID();
  };
}

/** Whether an address is a proxy that the settings trust. */
function trusted(trustProxy: HttpSettings['trustProxy']): (address: string | undefined) => boolean {
  if (typeof trustProxy === 'boolean') return () => trustProxy;
  const proxies = new BlockList();
  for (const entry of trustProxy) {
    const [address = '', prefix] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(prefix), family);
  }
  return (address) => address !== undefined && proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
