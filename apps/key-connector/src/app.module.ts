import { AuthModule } from '@key-connector/auth';
import { CryptoProvidersModule } from '@key-connector/crypto-providers';
import { DatabaseModule } from '@key-connector/database';
import { KeyRingModule } from '@key-connector/key-ring';
import { ObservabilityModule } from '@key-connector/observability';
import { Settings, SettingsModule } from '@key-connector/settings';
import { UserKeysModule } from '@key-connector/user-keys';
import { type DynamicModule, Module } from '@nestjs/common';
import { AboutModule } from './about/about.module.js';
import { BootModule } from './boot/boot.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';

const inject = [Settings];

/** The composition root: hands each room its slice of the settings. */
@Module({
  imports: [
    ObservabilityModule.forRootAsync({ inject, useFactory: ({ metrics }: Settings) => metrics }),
    DatabaseModule.forRootAsync({ inject, useFactory: ({ database }: Settings) => database }),
    CryptoProvidersModule.forRootAsync({ inject, useFactory: ({ keyProvider }: Settings) => keyProvider }),
    KeyRingModule.forRootAsync({ inject, useFactory: ({ keyRing }: Settings) => keyRing }),
    AuthModule.forRootAsync({
      inject,
      useFactory: ({ auth, identityServerUri }: Settings) => ({ ...auth, identityServerUri }),
    }),
    UserKeysModule.forRootAsync({ inject, useFactory: ({ userKeys }: Settings) => userKeys }),
    AboutModule,
    BootModule,
    HealthModule,
    HttpModule,
  ],
})
export class AppModule {
  static with(settings: Settings): DynamicModule {
    return { module: AppModule, imports: [SettingsModule.forRoot(settings)] };
  }
}
