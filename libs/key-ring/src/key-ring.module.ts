import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataKeysLoader } from './data-keys.loader.js';
import { ApplicationDataRow } from './entities/application-data.entity.js';
import { DataKeyWrappingRow } from './entities/data-key-wrapping.entity.js';
import { DataKeyRow } from './entities/data-key.entity.js';
import { FirstDataKey } from './first.data-key.js';
import { ConfigurableModuleClass } from './key-ring.module-definition.js';
import { KeyRingStore } from './key-ring.store.js';
import { KeyRing } from './key-ring.js';
import { KnownValuesCheck } from './known-values.check.js';
import { OpeningFailures } from './opening-failures.js';
import { JsonImport } from './json-import/json-import.js';
import { ProviderCheck } from './provider.check.js';
import { RingReload } from './ring.reload.js';
import { WrappingsOpener } from './wrappings.opener.js';

/** Provides the KeyRing everywhere; needs the database, the key provider and metrics, which are global too. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([DataKeyRow, DataKeyWrappingRow, ApplicationDataRow])],
  providers: [
    KeyRing,
    DataKeysLoader,
    FirstDataKey,
    JsonImport,
    KeyRingStore,
    KnownValuesCheck,
    OpeningFailures,
    ProviderCheck,
    RingReload,
    WrappingsOpener,
  ],
  exports: [JsonImport, KeyRing],
})
export class KeyRingModule extends ConfigurableModuleClass {}
