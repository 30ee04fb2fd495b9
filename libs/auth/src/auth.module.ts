import { Module } from '@nestjs/common';
import { AccessTokenStrategy } from './access-token.strategy.js';
import { ConfigurableModuleClass } from './auth.module-definition.js';
import { KeySetCache } from './issuer/key-set.cache.js';
import { keySourceProvider } from './issuer/key-source.providers.js';
import { SigningKeys } from './signing-keys.js';

/** Verifies access tokens: a module that imports it can use AccessTokenGuard. Give it ObservabilityModule in `imports`. */
@Module({
  providers: [keySourceProvider, KeySetCache, SigningKeys, AccessTokenStrategy],
  exports: [SigningKeys, AccessTokenStrategy],
})
export class AuthModule extends ConfigurableModuleClass {}
