import { CryptoProvidersModule } from '@key-connector/crypto-providers';
import { DatabaseModule } from '@key-connector/database';
import { ImportModule } from '@key-connector/import';
import { KeyRingModule } from '@key-connector/key-ring';
import { ObservabilityModule } from '@key-connector/observability';
import { Settings, SettingsModule } from '@key-connector/settings';
import { type DynamicModule, Module } from '@nestjs/common';

const inject = [Settings];

/** The service's rooms without HTTP, tokens and the metrics port, on the same settings. */
@Module({
  imports: [
    ObservabilityModule.forRootAsync({ inject, useFactory: ({ metrics: { host } }: Settings) => ({ host }) }),
    DatabaseModule.forRootAsync({ inject, useFactory: ({ database }: Settings) => database }),
    CryptoProvidersModule.forRootAsync({ inject, useFactory: ({ keyProvider }: Settings) => keyProvider }),
    KeyRingModule.forRootAsync({ inject, useFactory: ({ keyRing }: Settings) => keyRing }),
    ImportModule,
  ],
})
export class DeploymentModule {
  static with(settings: Settings): DynamicModule {
    return { module: DeploymentModule, imports: [SettingsModule.forRoot(settings)] };
  }
}
