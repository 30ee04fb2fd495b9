import { describe, expect, it } from '@jest/globals';
import { Uri } from '@key-connector/common';
import { type AuthOptions, authSettingsSchema } from '../auth.settings.js';
import { DiscoveryKeySource } from './discovery.key-source.js';
import { JwksKeySource } from './jwks.key-source.js';
import { chooseKeySource } from './key-source.providers.js';
import { PublicKeyKeySource } from './public-key.key-source.js';

const defaults = authSettingsSchema.parse({});
const choose = (options: Partial<AuthOptions>) => chooseKeySource({ ...defaults, ...options });

describe('the key source', () => {
  it.each(['https://a.test/identity', 'https://a.test/identity/'])('is discovery at %s', (identityServerUri) => {
    const source = choose({ identityServerUri });
    expect(source).toBeInstanceOf(DiscoveryKeySource);
    expect(source.description).toBe('https://a.test/identity/.well-known/openid-configuration');
  });

  it('is what the settings name for the purpose, with or without an identity server', () => {
    const identityServerUri = 'https://a.test';
    expect(choose({ identityServerUri, issuer: 'i', jwksUri: new Uri('https://a.test/k') })).toBeInstanceOf(
      JwksKeySource,
    );
    expect(choose({ issuer: 'i', publicKeyPath: '/k.pem' })).toBeInstanceOf(PublicKeyKeySource);
  });

  it('is missing with a message that says what to set', () => {
    expect(() => choose({})).toThrow(/set identityServerUri, or auth\.issuer/);
  });
});
