import { AuthModule } from '@key-connector/auth';
import { CryptoProvidersModule } from '@key-connector/crypto-providers';
import { DatabaseModule } from '@key-connector/database';
import { ImportModule } from '@key-connector/import';
import { KeyRingModule } from '@key-connector/key-ring';
import { ObservabilityModule } from '@key-connector/observability';
import { Settings } from '@key-connector/settings';
import { UserKeysModule } from '@key-connector/user-keys';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { AboutController } from './about/about.controller.js';
import { Boot } from './boot/boot.js';
import { HealthController } from './health/health.controller.js';
import { Readiness } from './health/readiness.js';
import { RotatingFiles } from './files/rotating-files.js';
import { Admission } from './http/admission.hook.js';
import { Drain } from './http/drain.js';
import { Outages } from './http/outages.js';
import { ProblemFilter } from './http/problem.filter.js';
import { RequestRecord } from './http/request-record.js';

/** The composition root: hands each room its slice of the settings, and the rooms that it stands on. */
@Module({
  controllers: [AboutController, HealthController],
  providers: [
    Boot,
    Readiness,
    RotatingFiles,
    Admission,
    Drain,
    Outages,
    RequestRecord,
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
})
export class AppModule {
  /** Each room is made once, here: Nest knows a configured module by this very object. */
  static with(settings: Settings): DynamicModule {
    const { auth, identityServerUri, http, userKeys } = settings;
    const observability = ObservabilityModule.forRoot(settings.metrics);
    const database = DatabaseModule.forRoot(settings.database);
    const keyProvider = CryptoProvidersModule.forRoot(settings.keyProvider);
    const keyRing = KeyRingModule.forRootAsync({
      imports: [observability, database, keyProvider],
      useFactory: () => settings.keyRing,
    });
    const tokens = AuthModule.forRootAsync({
      imports: [observability],
      useFactory: () => ({ ...auth, identityServerUri }),
    });
    const members = UserKeysModule.forRootAsync({
      imports: [observability, database, keyRing, tokens],
      useFactory: () => userKeys,
    });
    // After the signal, readiness is false for this long before the server stops listening.
    const health = TerminusModule.forRoot({ logger: false, gracefulShutdownTimeoutMs: http.drainDelaySeconds * 1000 });
    return {
      module: AppModule,
      imports: [
        observability,
        database,
        keyProvider,
        keyRing,
        ImportModule.on(database, keyRing),
        tokens,
        members,
        health,
      ],
      providers: [{ provide: Settings, useValue: settings }],
    };
  }
}
