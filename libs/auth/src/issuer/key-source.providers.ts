import type { FactoryProvider } from '@nestjs/common';
import { IssuerNotConfigured } from '../auth.errors.js';
import { AUTH_OPTIONS } from '../auth.module-definition.js';
import type { AuthOptions } from '../auth.settings.js';
import { DiscoveryKeySource } from './discovery.key-source.js';
import { JwksKeySource } from './jwks.key-source.js';
import { KeySource } from './key-source.js';
import { PublicKeyKeySource } from './public-key.key-source.js';

/** Chooses the source once: what is named for the purpose comes before discovery. */
export function chooseKeySource({ issuer, jwksUri, publicKeyPath, identityServerUri }: AuthOptions): KeySource {
  if (issuer !== undefined && publicKeyPath !== undefined) return new PublicKeyKeySource(issuer, publicKeyPath);
  if (issuer !== undefined && jwksUri !== undefined) return new JwksKeySource(issuer, jwksUri);
  if (identityServerUri !== undefined) return new DiscoveryKeySource(identityServerUri, issuer);
  throw new IssuerNotConfigured();
}

export const keySourceProvider: FactoryProvider<KeySource> = {
  provide: KeySource,
  inject: [AUTH_OPTIONS],
  useFactory: chooseKeySource,
};
