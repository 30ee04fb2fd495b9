import type { Uri } from '@key-connector/common';
import { DiscoverySource } from './discovery.source.js';
import { IssuerNotConfigured } from './issuer.errors.js';
import { JwksSource } from './jwks.source.js';
import type { KeySource } from './key-source.js';
import { PublicKeyFileSource } from './public-key-file.source.js';

/** What the settings say about where an issuer's keys are. */
export interface KeyPlace {
  readonly issuer?: string | undefined;
  readonly jwksUri?: Uri | undefined;
  readonly publicKeyPath?: string | undefined;
  readonly identityServerUri?: string | undefined;
  readonly fetchTimeoutSeconds: number;
}

/** Chooses the source once: what is named for the purpose comes before discovery. Throws IssuerNotConfigured. */
export function chooseKeySource(place: KeyPlace): KeySource {
  const { issuer, jwksUri, publicKeyPath, identityServerUri, fetchTimeoutSeconds } = place;
  if (issuer !== undefined && publicKeyPath !== undefined) {
    return new PublicKeyFileSource(issuer, publicKeyPath, fetchTimeoutSeconds);
  }
  if (issuer !== undefined && jwksUri !== undefined) return new JwksSource(issuer, jwksUri);
  if (identityServerUri !== undefined) return new DiscoverySource(identityServerUri, issuer);
  throw new IssuerNotConfigured();
}
