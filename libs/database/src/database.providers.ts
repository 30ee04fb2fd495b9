import type { FactoryProvider, Provider } from '@nestjs/common';
import type { TypeOrmModuleAsyncOptions } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { DATABASE_SETTINGS } from './database.module-definition.js';
import { Database } from './database.js';
import { DatabaseLook } from './database-look.js';
import type { DatabaseSettings } from './database.settings.js';
import { Dialect } from './dialect/dialect.js';
import { Expectation } from './migrations/expectation.js';
import { Migrations } from './migrations/migrations.js';
import { openDialect } from './products.js';
import { LayoutGuard } from './layout-guard.js';
import { SealedValues } from './user-keys/sealed-values.js';
import { UserKeyHistory } from './user-keys/user-key-history.js';
import { UserKeyRows } from './user-keys/user-key-rows.js';

export const dialectProvider: FactoryProvider<Dialect> = {
  provide: Dialect,
  inject: [DATABASE_SETTINGS],
  useFactory: (settings: DatabaseSettings) => openDialect(settings),
};

export const databaseProviders: Provider[] = [
  SealedValues,
  {
    provide: Expectation,
    inject: [Dialect, DATABASE_SETTINGS],
    useFactory: (dialect: Dialect, settings: DatabaseSettings) => new Expectation(dialect, settings),
  },
  {
    provide: Database,
    inject: [DataSource, Dialect, DATABASE_SETTINGS, Expectation],
    useFactory: (source: DataSource, dialect: Dialect, settings: DatabaseSettings, expectation: Expectation) =>
      new Database(source, dialect, settings, expectation),
  },
  {
    provide: Migrations,
    inject: [Dialect, Expectation],
    useFactory: (dialect: Dialect, expectation: Expectation) => new Migrations(dialect, expectation),
  },
  { provide: DatabaseLook, inject: [Dialect], useFactory: (dialect: Dialect) => new DatabaseLook(dialect) },
  {
    provide: LayoutGuard,
    inject: [Database, Dialect, SealedValues],
    useFactory: (database: Database, dialect: Dialect, values: SealedValues) =>
      new LayoutGuard(database, dialect, values),
  },
  {
    provide: UserKeyHistory,
    inject: [Dialect],
    useFactory: (dialect: Dialect) => new UserKeyHistory(dialect),
  },
  {
    provide: UserKeyRows,
    inject: [Dialect],
    useFactory: (dialect: Dialect) => new UserKeyRows(dialect),
  },
];

/** Boot opens the data source (`Database.connect`) with retries of its own, so the module only makes it. */
export const dataSourceOptions: TypeOrmModuleAsyncOptions = {
  inject: [Dialect],
  useFactory: (dialect: Dialect) => ({
    ...dialect.dataSourceOptions,
    autoLoadEntities: true,
    manualInitialization: true,
    retryAttempts: 0,
  }),
};
