import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Secret } from '@key-connector/common';
import { rejection } from '../../testing/rejection.js';
import { TokenRenewal } from './token-renewal.js';
import { VaultClient } from './vault.client.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const day = 24 * 3600;

/** A client that logs in by AppRole, and what it asked of a Vault whose leases say what the test wants. */
async function clientOf(leaseDuration: unknown): Promise<{ client: VaultClient; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url?.replace('/v1/', '') ?? '');
    const auth = { client_token: 'a-token-of-vault', lease_duration: leaseDuration, renewable: true };
    response.end(JSON.stringify({ auth, data: {} }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const secret = { value: new Secret('a-secret-id') };
  const connection = {
    branch: 'rsaKey',
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    plainHttp: false,
    namespace: undefined,
    auth: { kind: 'appRole', mount: 'approle', roleId: 'a-role', secret },
  } as const;
  return { client: new VaultClient(connection, 15, () => 0), asked };
}

const read = (client: VaultClient) => client.call({ method: 'GET', path: 'secret/data/known' });

describe('a lease of Vault', () => {
  it.each([25 * day, 36_500 * day, 1e300, 0])('of %s s is not renewed at every call', async (seconds) => {
    const { client, asked } = await clientOf(seconds);
    for (let call = 0; call < 10; call += 1) await read(client);
    expect(asked.filter((path) => path.startsWith('auth/'))).toEqual(['auth/approle/login']);
  });

  it.each([null, 'NaN', -1, {}])('whose length is %j is none: the login is refused, and says why', async (length) => {
    const { client } = await clientOf(length);
    const error = await rejection(read(client));
    expect(error).toMatchObject({ code: 'KEY_PROVIDER_MISCONFIGURED' });
    expect(error.message).toContain('refuses the login at auth/approle/login');
  });
});

it('whoever prints a client of Vault sees neither its token nor what it logs in with', async () => {
  const { client } = await clientOf(day);
  await read(client);
  const printed = [inspect(client, { depth: 20, showHidden: true }), JSON.stringify(client)].join();
  expect(printed).not.toMatch(/a-token-of-vault|a-secret-id/);
});

it('a token that is refused is forgotten, though it was renewed while the call was on its way', async () => {
  let now = 0;
  let logins = 0;
  const lease = () => ({ token: new Secret(`token ${logins}`), seconds: day, renewable: true });
  const logIn = () => {
    logins += 1;
    return Promise.resolve(lease());
  };
  // A renewal gives the same text again, as Vault does.
  const renewal = new TokenRenewal({ logIn, renew: () => Promise.resolve(lease()) }, () => now);
  const refused = await renewal.token();
  now = 0.7 * day * 1000;
  await renewal.token();
  renewal.forget(refused);
  expect((await renewal.token()).reveal()).toBe('token 2');
});
