import { CryptoProvidersModule } from '@key-connector/crypto-providers';
import { DatabaseModule } from '@key-connector/database';
import { ImportModule } from '@key-connector/import';
import { KeyRingModule } from '@key-connector/key-ring';
import { RingChangesModule } from '@key-connector/key-ring/changes';
import { ObservabilityModule } from '@key-connector/observability';
import type { Settings } from '@key-connector/settings';
import { MemberKeysModule } from '@key-connector/user-keys';
import { type DynamicModule, Module } from '@nestjs/common';

/** The service's rooms without HTTP, tokens and the metrics port, on the same settings. */
@Module({})
export class DeploymentModule {
  /** Each room is made once, here: Nest knows a configured module by this very object. */
  static with(settings: Settings, { changesTables }: { readonly changesTables: boolean }): DynamicModule {
    const observability = ObservabilityModule.forRoot({ host: settings.metrics.host });
    const { migrate } = settings.database;
    const database = DatabaseModule.forRoot({ ...settings.database, migrate: migrate && changesTables });
    const keyProvider = CryptoProvidersModule.forRoot(settings.keyProvider);
    const keyRing = KeyRingModule.forRootAsync({
      imports: [observability, database, keyProvider],
      useFactory: () => settings.keyRing,
    });
    const members = MemberKeysModule.on(settings.userKeys, observability, database, keyRing);
    const changes = RingChangesModule.on(database, keyRing);
    const imported = ImportModule.on(database, keyRing);
    return { module: DeploymentModule, imports: [database, keyRing, changes, imported, members] };
  }
}
