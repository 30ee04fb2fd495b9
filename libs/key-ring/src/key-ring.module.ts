import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ClassicKeys } from './data-keys/classic-keys.js';
import { CountingManifest } from './data-keys/counting-manifest.js';
import { DataKeys } from './data-keys/data-keys.js';
import { ApplicationDataRow, DataKeyRow, DataKeyWrappingRow } from './data-keys/data-keys.entity.js';
import { EveryValue } from './data-keys/every-value.js';
import { ForeignValues } from './data-keys/foreign-values.js';
import { FirstDataKey } from './data-keys/first-data-key.js';
import { KnownValues } from './data-keys/known-values.js';
import { OwnValues } from './data-keys/own-values.js';
import { RingStore } from './data-keys/ring-store.js';
import { Wrappings } from './data-keys/wrappings.js';
import { ConfigurableModuleClass, KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import { KeyRing } from './key-ring.js';
import { ManifestStore } from './manifest/manifest-store.js';
import { RingLoader } from './manifest/ring-loader.js';
import { RingManifestRow } from './manifest/ring-manifests.entity.js';
import { ProviderCheck } from './provider-check.js';
import { RingAlarms } from './ring-alarms.js';
import { RingGauges } from './ring-gauges.js';
import { RingLook } from './ring-look.js';
import { RingStart } from './ring-start.js';
import { RingWatch } from './ring-watch.js';
import { StoredKeysCheck } from './stored-keys-check.js';
import { OpeningFailures } from './values/opening-failures.js';
import { ValuesLook } from './values-look.js';

/** Provides the KeyRing. Give it DatabaseModule, CryptoProvidersModule and ObservabilityModule in `imports`. */
@Module({
  imports: [TypeOrmModule.forFeature([DataKeyRow, DataKeyWrappingRow, ApplicationDataRow, RingManifestRow])],
  providers: [
    KeyRing,
    ClassicKeys,
    CountingManifest,
    DataKeys,
    EveryValue,
    FirstDataKey,
    ForeignValues,
    KnownValues,
    ManifestStore,
    OpeningFailures,
    OwnValues,
    ProviderCheck,
    RingAlarms,
    RingGauges,
    RingLoader,
    RingLook,
    RingStart,
    RingStore,
    RingWatch,
    StoredKeysCheck,
    ValuesLook,
    Wrappings,
  ],
  exports: [
    ClassicKeys,
    CountingManifest,
    DataKeys,
    KEY_RING_SETTINGS,
    KeyRing,
    ManifestStore,
    OwnValues,
    RingLoader,
    RingLook,
    RingStore,
    TypeOrmModule,
    Wrappings,
  ],
})
export class KeyRingModule extends ConfigurableModuleClass {}
