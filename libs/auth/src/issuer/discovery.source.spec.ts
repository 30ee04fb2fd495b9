import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DiscoverySource } from './discovery.source.js';

const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
const answers = (jwksUri: string): Record<string, unknown> => ({
  'https://id.test/.well-known/openid-configuration': { issuer: 'https://id.test', jwks_uri: jwksUri },
  'http://id.test/.well-known/openid-configuration': { issuer: 'https://id.test', jwks_uri: jwksUri },
  [jwksUri]: { keys: [jwk] },
});

describe('discovery', () => {
  const fetched = jest.spyOn(globalThis, 'fetch');
  const serve = (jwksUri: string): void => {
    fetched.mockImplementation((url) => Promise.resolve(Response.json(answers(jwksUri)[url as string])));
  };

  beforeEach(() => {
    fetched.mockReset();
  });

  afterAll(() => {
    fetched.mockRestore();
  });

  it.each([
    ['https://id.test', 'https://keys.test/jwks'],
    ['http://id.test', 'https://keys.test/jwks'],
    ['http://id.test', 'http://keys.test/jwks'],
  ])('at %s follows the document to %s', async (uri, jwksUri) => {
    serve(jwksUri);
    const keys = await new DiscoverySource(uri).load(AbortSignal.timeout(1000));
    expect(keys).toMatchObject({ issuer: 'https://id.test', size: 1 });
  });

  it('over https never takes keys from an unprotected place', async () => {
    serve('http://keys.test/jwks');
    await expect(new DiscoverySource('https://id.test').load(AbortSignal.timeout(1000))).rejects.toThrow(/https/);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['https://id.test/Login?ticket=hunter2#hunter2', '"https://id.test/Login?***"'],
    ['https://me:hunter2@sso.test/', '"https://sso.test/"'],
    ['/identity/.well-known/openid-configuration', '"https://id.test/identity/.well-known/openid-configuration"'],
    ['http://[hunter2', 'no address'],
  ])('tells where a redirect to %s leads, and no secret', async (location, where) => {
    fetched.mockResolvedValue(new Response(null, { status: 302, headers: { location } }));
    const failed = new DiscoverySource('https://id.test').load(AbortSignal.timeout(1000));
    const { message } = (await failed.catch((error: unknown) => error)) as Error;
    expect(message).toContain(where);
    expect(message).not.toContain('hunter2');
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it.each(['https://svc:hunter2@keys.test/k?sig=hunter2', 'https://hunter2@keys.test/k'])(
    'does not ask %s, and tells nothing of it',
    async (jwksUri) => {
      serve(jwksUri);
      const failed = new DiscoverySource('https://id.test').load(AbortSignal.timeout(1000));
      const { message } = (await failed.catch((error: unknown) => error)) as Error;
      expect(message).toContain('names a "jwks_uri" with a user name or password in it');
      expect(message).not.toContain('hunter2');
      expect(fetched).toHaveBeenCalledTimes(1);
    },
  );

  it('follows the document to a path with an @', async () => {
    serve('https://keys.test/tenants/a@b/k');
    await expect(new DiscoverySource('https://id.test').load(AbortSignal.timeout(1000))).resolves.toMatchObject({
      size: 1,
    });
  });

  it('says which issuer the document names, and which the settings', async () => {
    serve('https://keys.test/jwks');
    const source = new DiscoverySource('https://id.test', 'https://id.test/');
    await expect(source.load(AbortSignal.timeout(1000))).rejects.toThrow(
      'names the issuer "https://id.test", and auth__issuer says "https://id.test/"',
    );
  });
});
