import { describe, expect, it } from '@jest/globals';
import { Uri } from '@key-connector/common';
import { chooseKeySource, type KeyPlace } from './choose-key-source.js';
import { DiscoverySource } from './discovery.source.js';
import { JwksSource } from './jwks.source.js';
import type { KeySource } from './key-source.js';
import { PublicKeyFileSource } from './public-key-file.source.js';

const chooseWith = (place: Partial<KeyPlace>): KeySource => chooseKeySource({ fetchTimeoutSeconds: 5, ...place });

describe('the key source', () => {
  it.each(['https://a.test/identity', 'https://a.test/identity/'])('is discovery at %s', (identityServerUri) => {
    const source = chooseWith({ identityServerUri });
    expect(source).toBeInstanceOf(DiscoverySource);
    expect(source.description).toBe('https://a.test/identity/.well-known/openid-configuration');
  });

  it('is what the settings name for the purpose, with or without an identity server', () => {
    const identityServerUri = 'https://a.test';
    const jwksUri = new Uri('https://a.test/k');
    expect(chooseWith({ identityServerUri, issuer: 'i', jwksUri })).toBeInstanceOf(JwksSource);
    expect(chooseWith({ issuer: 'i', publicKeyPath: '/k.pem' })).toBeInstanceOf(PublicKeyFileSource);
  });

  it('is missing with a message that says what to set', () => {
    expect(() => chooseWith({})).toThrow(/set identityServerUri, or auth\.issuer/);
  });
});
