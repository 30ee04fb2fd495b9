import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConfigurableModuleClass } from './database.module-definition.js';
import { databaseProviders, dataSourceOptions } from './database.providers.js';
import { Database } from './database.service.js';
import { UserKey } from './user-keys/user-key.entity.js';
import { Dialect } from './dialect/dialect.js';
import { Migrations } from './migrations/migrations.js';
import { UserKeyRows } from './user-keys/user-key-rows.js';

/** Provides `Database` everywhere; entities of other rooms join by `TypeOrmModule.forFeature`. */
@Global()
@Module({
  imports: [TypeOrmModule.forRootAsync(dataSourceOptions), TypeOrmModule.forFeature([UserKey])],
  providers: databaseProviders,
  exports: [Database, Dialect, Migrations, UserKeyRows],
})
export class DatabaseModule extends ConfigurableModuleClass {}
