import { describe, expect, it } from '@jest/globals';
import { chooseKeySource } from './choose-key-source.js';
import { DiscoverySource } from './discovery.source.js';
import { JwksSource } from './jwks.source.js';
import { PublicKeyFileSource } from './public-key-file.source.js';

describe('the key source', () => {
  it.each(['https://a.test/identity', 'https://a.test/identity/'])('is discovery at %s', (identityServerUri) => {
    const source = chooseKeySource({ identityServerUri });
    expect(source).toBeInstanceOf(DiscoverySource);
    expect(source.description).toBe('https://a.test/identity/.well-known/openid-configuration');
  });

  it('is what the settings name for the purpose, with or without an identity server', () => {
    const identityServerUri = 'https://a.test';
    expect(chooseKeySource({ identityServerUri, issuer: 'i', jwksUri: 'https://a.test/k' })).toBeInstanceOf(JwksSource);
    expect(chooseKeySource({ issuer: 'i', publicKeyPath: '/k.pem' })).toBeInstanceOf(PublicKeyFileSource);
  });

  it('is missing with a message that says what to set', () => {
    expect(() => chooseKeySource({})).toThrow(/set identityServerUri, or auth\.issuer/);
  });
});
