import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConfigurableModuleClass, DATABASE_SETTINGS } from './database.module-definition.js';
import { databaseProviders, dataSourceOptions, dialectProvider } from './database.providers.js';
import { Database } from './database.js';
import { DatabaseLook } from './database-look.js';
import type { DatabaseSettings } from './database.settings.js';
import { Dialect } from './dialect/dialect.js';
import { Expectation } from './migrations/expectation.js';
import { Migrations } from './migrations/migrations.js';
import { LayoutGuard } from './layout-guard.js';
import { SealedValues } from './user-keys/sealed-values.js';
import { UserKeyRows } from './user-keys/user-key-rows.js';
import { UserKey } from './user-keys/user-key.entity.js';
import { FenceRow } from './user-keys/ring-fence.js';
import { UserKeyHistoryRow } from './user-keys/user-key-history.entity.js';
import { UserKeyHistory } from './user-keys/user-key-history.js';

/** The product that the settings choose: a module of its own, because TypeORM's options are made from it. */
@Module({ providers: [dialectProvider], exports: [Dialect, DATABASE_SETTINGS] })
class DialectModule extends ConfigurableModuleClass {}

/** Provides `Database`; entities of other rooms join by `TypeOrmModule.forFeature`. */
@Module({
  providers: databaseProviders,
  exports: [
    Database,
    DatabaseLook,
    DialectModule,
    Expectation,
    LayoutGuard,
    Migrations,
    SealedValues,
    UserKeyHistory,
    UserKeyRows,
  ],
})
export class DatabaseModule {
  /** The database of these settings; nothing is connected before `Database.connect`. */
  static forRoot(settings: DatabaseSettings): DynamicModule {
    const dialect = DialectModule.forRoot(settings);
    return {
      module: DatabaseModule,
      imports: [
        dialect,
        TypeOrmModule.forRootAsync({ imports: [dialect], ...dataSourceOptions }),
        TypeOrmModule.forFeature([UserKey, UserKeyHistoryRow, FenceRow]),
      ],
    };
  }
}
