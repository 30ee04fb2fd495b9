import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ClassicKeys } from './data-keys/classic-keys.js';
import { DataKeys } from './data-keys/data-keys.js';
import { ApplicationDataRow, DataKeyRow, DataKeyWrappingRow } from './data-keys/data-keys.entity.js';
import { FirstDataKey } from './data-keys/first-data-key.js';
import { KnownValues } from './data-keys/known-values.js';
import { RingStore } from './data-keys/ring-store.js';
import { Wrappings } from './data-keys/wrappings.js';
import { ConfigurableModuleClass } from './key-ring.module-definition.js';
import { KeyRing } from './key-ring.js';
import { ManifestStore } from './manifest/manifest-store.js';
import { RingLoader } from './manifest/ring-loader.js';
import { RingManifestRow } from './manifest/ring-manifests.entity.js';
import { ProviderCheck } from './provider-check.js';
import { RingReload } from './ring-reload.js';
import { OpeningFailures } from './values/opening-failures.js';

/** Provides the KeyRing. Give it DatabaseModule, CryptoProvidersModule and ObservabilityModule in `imports`. */
@Module({
  imports: [TypeOrmModule.forFeature([DataKeyRow, DataKeyWrappingRow, ApplicationDataRow, RingManifestRow])],
  providers: [
    KeyRing,
    ClassicKeys,
    DataKeys,
    FirstDataKey,
    KnownValues,
    ManifestStore,
    OpeningFailures,
    ProviderCheck,
    RingLoader,
    RingReload,
    RingStore,
    Wrappings,
  ],
  exports: [ClassicKeys, KeyRing, ManifestStore, RingLoader],
})
export class KeyRingModule extends ConfigurableModuleClass {}
