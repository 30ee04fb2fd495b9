import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { parseUserId, type UserId } from '@key-connector/common';
import { Database, DatabaseModule, databaseSettingsSchema } from '@key-connector/database';
import { type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { databasesTimeout, type TestDatabase, type TestDatabases } from './test-database.js';

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
  try {
    await open.database.connect();
  } catch (error) {
    await open.close();
    throw error;
  }
  return open;
}

/** Reads a user id that is known to be one. */
export function userId(text: string): UserId {
  const id = parseUserId(text);
  if (id === undefined) throw new Error(`${text} is no GUID`);
  return id;
}

/** A member that no test has seen before. */
export function newId(): UserId {
  return userId(randomUUID());
}

/** Stores a member's value as a PUT does. */
export function put(database: Database, id: UserId, value: string): Promise<void> {
  return database.write(({ userKeys }) => userKeys.put([{ id, value, dataKeyId: null }], new Date()));
}

/** An empty database for each test of a suite, and the replicas that the test opens on it. */
export interface DatabaseSuite<Databases extends TestDatabases> {
  readonly databases: Databases;
  /** The database of the test that runs. */
  readonly place: TestDatabase;
  /** What the test has opened so far; all of it is closed when the test ends. */
  readonly opened: OpenDatabase[];
  /** Opens a replica, with these `database__*` settings on top. */
  readonly open: (settings?: Readonly<Record<string, string>>) => Promise<Database>;
}

/** Sets the suite up around the tests of the `describe` that it is called in. */
export function useDatabases<Databases extends TestDatabases>(
  start: () => Promise<Databases>,
): DatabaseSuite<Databases> {
  let databases: Databases | undefined;
  let place: TestDatabase | undefined;
  let opened: OpenDatabase[] = [];
  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('databases are there once a test runs');
    return value;
  };
  beforeAll(async () => {
    databases = await start();
  }, databasesTimeout);
  afterAll(() => databases?.stop());
  beforeEach(async () => {
    opened = [];
    place = await there(databases).create();
  });
  afterEach(async () => {
    await Promise.all(opened.map((one) => one.close()));
  });
  return {
    get databases() {
      return there(databases);
    },
    get place() {
      return there(place);
    },
    get opened() {
      return opened;
    },
    open: async (settings = {}) => {
      const one = await openDatabase({ ...there(place).settings, ...settings });
      opened.push(one);
      return one.database;
    },
  };
}
