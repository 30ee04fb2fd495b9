import { Metrics } from '@key-connector/observability';
import type { FactoryProvider } from '@nestjs/common';
import { AUTH_OPTIONS } from './auth.module-definition.js';
import type { AuthOptions } from './auth.settings.js';
import { chooseKeySource } from './issuer/choose-key-source.js';
import { KeySetCache } from './issuer/key-set-cache.js';
import { KeySource } from './issuer/key-source.js';
import { SigningKeys } from './issuer/signing-keys.js';

/** The issuer's keys, from their place to {@link SigningKeys}. */
export const issuerProviders: FactoryProvider[] = [
  { provide: KeySource, inject: [AUTH_OPTIONS], useFactory: chooseKeySource },
  {
    provide: KeySetCache,
    inject: [AUTH_OPTIONS, KeySource, Metrics],
    useFactory: (options: AuthOptions, source: KeySource, metrics: Metrics) =>
      new KeySetCache(options, source, metrics),
  },
  {
    provide: SigningKeys,
    inject: [AUTH_OPTIONS, KeySetCache],
    useFactory: (options: AuthOptions, cache: KeySetCache) => new SigningKeys(options, cache),
  },
];
