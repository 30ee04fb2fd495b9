import { type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Database, DatabaseModule, databaseSettingsSchema } from '@key-connector/database';
import { DataSource } from 'typeorm';

/** One replica's view of a database, made as the service makes it. */
export interface OpenDatabase {
  readonly database: Database;
  readonly source: DataSource;
  close(): Promise<void>;
}

/** Builds the module on `database__*` settings, without connecting. */
export async function buildDatabase(settings: Readonly<Record<string, string>>): Promise<OpenDatabase> {
  const module = DatabaseModule.forRoot(databaseSettingsSchema.parse(settings));
  const context: INestApplicationContext = await NestFactory.createApplicationContext(module, { logger: ['error'] });
  return {
    database: context.get(Database),
    source: context.get(DataSource),
    close: () => context.close(),
  };
}

/** Builds and connects. */
export async function openDatabase(settings: Readonly<Record<string, string>>): Promise<OpenDatabase> {
  const open = await buildDatabase(settings);
  await open.database.connect();
  return open;
}
