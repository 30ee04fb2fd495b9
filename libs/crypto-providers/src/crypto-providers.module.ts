import { Module } from '@nestjs/common';
import { ConfigurableModuleClass } from './crypto-providers.module-definition.js';
import { KeyProvider } from './key-provider.js';

/** Provides the KeyProvider that the settings choose. */
@Module({ providers: [KeyProvider], exports: [KeyProvider] })
export class CryptoProvidersModule extends ConfigurableModuleClass {}
