import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Secret } from '@key-connector/common';
import { KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import { rejection } from '../../testing/rejection.js';
import { type VaultAnswer, VaultApi } from './vault-api.js';
import { VaultClient } from './vault.client.js';
import type { VaultConnection } from './vault.settings.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A server that answers as it is told to: what OpenBao does not do on request. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const connectionTo = (server: string, plainHttp = false): VaultConnection => ({
  branch: 'rsaKey',
  server,
  plainHttp,
  namespace: 'team',
  auth: { kind: 'token', token: new Secret('unused') },
});

const send = (server: string, timeoutSeconds = 5, plainHttp = false): Promise<VaultAnswer> =>
  new VaultApi(connectionTo(server, plainHttp), timeoutSeconds).send(
    { method: 'POST', path: 'transit/decrypt/a key', body: { ciphertext: 'vault:v1:AAAA' } },
    new Secret('the-token'),
  );

const refusal = async (server: string, timeoutSeconds?: number): Promise<string> => {
  const error = await rejection(send(server, timeoutSeconds));
  expect(error).toBeInstanceOf(KeyProviderUnavailable);
  expect(`${String(error.stack)}${String(error.cause)}`).not.toContain('the-token');
  return error.message;
};

const json = JSON.stringify({ data: {} });

describe('an exchange with Vault', () => {
  it('carries token, namespace and body, also after the redirect of a standby', async () => {
    const seen: unknown[] = [];
    const active = await serve((request, response) => {
      const { 'x-vault-token': token, 'x-vault-namespace': namespace } = request.headers;
      request.setEncoding('utf8').on('data', (body: string) => {
        seen.push([request.method, request.url, token, namespace, body]);
        response.end(json);
      });
    });
    const standby = await serve((request, response) => {
      response.writeHead(307, { location: `${active}${request.url ?? ''}` }).end();
    });
    await expect(send(standby)).resolves.toEqual({ status: 200, body: { data: {} } });
    expect(seen).toEqual([
      ['POST', '/v1/transit/decrypt/a%20key', 'the-token', 'team', '{"ciphertext":"vault:v1:AAAA"}'],
    ]);
  });

  it.each(['http://192.0.2.1/v1/x', 'http://vault.example/v1/x', 'ftp://127.0.0.1/x'])(
    'never takes the token to %s',
    async (location) => {
      const server = await serve((_, response) => response.writeHead(307, { location }).end());
      expect(await refusal(server)).toContain('where the token would go over plain HTTP');
    },
  );

  it('gives up on redirects in a circle, and on those that would change the request', async () => {
    const circle = await serve((request, response) => response.writeHead(307, { location: request.url ?? '' }).end());
    expect(await refusal(circle)).toContain('it redirects (307) and does not answer');
    const moved = await serve((_, response) => response.writeHead(302, { location: '/v1/other' }).end());
    expect(await refusal(moved)).toContain('it redirects (302)');
  });

  it.each([
    [429, 'is a standby'],
    [472, 'is a disaster-recovery replica'],
    [473, 'is a performance standby'],
    [500, 'has a problem of its own'],
    [502, 'has a problem of its own'],
    [503, 'is sealed'],
  ])('takes %s as a server that cannot serve now', async (status, reason) => {
    const server = await serve((_, response) => response.writeHead(status).end('{"errors":["x"]}'));
    const message = await refusal(server);
    expect(message).toContain(`Vault at ${server} ${reason}`);
    expect(message).toContain(`(${status})`);
  });

  it('takes an answer that is not JSON as somebody else’s', async () => {
    const server = await serve((_, response) => response.end('<html>Sign in to the network</html>'));
    expect(await refusal(server)).toContain('not as Vault does; is a proxy in between?');
  });

  it('stops reading an answer that is too large, or too slow', async () => {
    const large = await serve((_, response) => {
      response.end(`"${'x'.repeat(5 * 1024 * 1024)}"`);
    });
    expect(await refusal(large)).toContain('it answered more than 4096 KB');
    const slow = await serve((_, response) => {
      response.write('{');
    });
    expect(await refusal(slow, 0.2)).toContain('no answer in time');
  });

  it('says why nobody answers', async () => {
    const server = await serve(() => undefined);
    servers.splice(0).forEach((one) => one.close());
    expect(await refusal(server)).toContain('ECONNREFUSED');
  });
});

describe('a Vault on plain HTTP', () => {
  it('is redirected to by plain HTTP on the network only where the settings allow that', async () => {
    const active = await serve((_, response) => response.end(json));
    // Every address of this machine, and no loopback by its spelling.
    const onNetwork = active.replace('127.0.0.1', '0.0.0.0');
    const standby = await serve((request, response) => {
      response.writeHead(307, { location: `${onNetwork}${request.url ?? ''}` }).end();
    });
    expect(await refusal(standby)).toContain('where the token would go over plain HTTP');
    await expect(send(standby, 5, true)).resolves.toMatchObject({ status: 200 });
    await expect(send(onNetwork, 5, true)).resolves.toMatchObject({ status: 200 });
  });

  it('is warned of once a start, by setting and server; one on loopback or with TLS is not', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    const network = 'http://vault.test:8200';
    for (const server of ['http://127.0.0.1:8200', 'https://vault.test:8200', network, network])
      new VaultClient(connectionTo(server, true), 5);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^rsaKey__vaultAllowPlainHttp: .*http:\/\/vault\.test:8200/)],
    ]);
    warn.mockRestore();
  });
});
