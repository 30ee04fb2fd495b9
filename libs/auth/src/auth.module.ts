import { Module } from '@nestjs/common';
import { AccessTokenStrategy } from './access-token.strategy.js';
import { ConfigurableModuleClass } from './auth.module-definition.js';
import { issuerProviders } from './auth.providers.js';
import { SigningKeys } from './issuer/signing-keys.js';

/**
 * Verifies access tokens: a module that imports it can use AccessTokenGuard. Give it ObservabilityModule in `imports`.
 */
@Module({
  providers: [...issuerProviders, AccessTokenStrategy],
  exports: [SigningKeys],
})
export class AuthModule extends ConfigurableModuleClass {}
