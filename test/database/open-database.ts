import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { parseUserId, type UserId } from '@key-connector/common';
import {
  Database,
  DatabaseModule,
  type DatabaseSession,
  databaseSettingsSchema,
  DatabaseUnavailable,
  type RingFence,
  type StoredUserKey,
  UserKeyHistory,
} from '@key-connector/database';
import { type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { databasesTimeout, type TestDatabase, type TestDatabases } from './test-database.js';

/** One replica's view of a database, made as the service makes it. */
export interface OpenDatabase {
  readonly database: Database;
  readonly source: DataSource;
  readonly history: UserKeyHistory;
  close(): Promise<void>;
}

/** Builds the module on `database__*` settings, without connecting. */
export async function buildDatabase(settings: Readonly<Record<string, string>>): Promise<OpenDatabase> {
  const module = DatabaseModule.forRoot(databaseSettingsSchema.parse(settings));
  const context: INestApplicationContext = await NestFactory.createApplicationContext(module, { logger: ['error'] });
  return {
    database: context.get(Database),
    source: context.get(DataSource),
    history: context.get(UserKeyHistory),
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

/** What tests write under that have no ring. */
export const testFence: RingFence = { version: 1, signature: 'signed by nobody', passedOver: [] };

const withManifest = new WeakMap<Database, Promise<void>>();

/** Puts the manifest that {@link testFence} names into the database, where it is not there yet. */
export function ensureManifest(database: Database): Promise<void> {
  const made = withManifest.get(database) ?? insertManifest(database);
  withManifest.set(database, made);
  return made;
}

async function insertManifest(database: Database): Promise<void> {
  const { version: Version, signature: Signature } = testFence;
  const row = { Version, Document: '{}', Signature, CreationDate: '2026-01-01 00:00:00' };
  const there = ({ manager }: DatabaseSession): Promise<unknown[]> =>
    manager.createQueryBuilder().select('1', 'one').from('RingManifests', 'm').getRawMany();
  if ((await database.read(there)).length > 0) return;
  try {
    await database.write(({ manager }) =>
      manager.createQueryBuilder().insert().into('RingManifests', Object.keys(row)).values(row).execute(),
    );
  } catch (error) {
    // Another replica may have been faster.
    if ((await database.read(there)).length === 0) throw error;
  }
}

/** Stores a member's value as a PUT does. */
export function put(database: Database, id: UserId, value: string, at?: Date): Promise<void> {
  return store(database, [{ id, value, dataKeyId: null }], at);
}

/** Stores rows in place of what stands there, dated by the database's clock unless told otherwise. */
export async function store(database: Database, keys: readonly StoredUserKey[], at?: Date): Promise<void> {
  let open = keys;
  await ensureManifest(database);
  while (open.length > 0) {
    const ids = open.map(({ id }) => id);
    const { clock, rows } = await database.read(({ userKeys }) => userKeys.look(ids, 0));
    const seen = new Map(rows.map(({ id, value }) => [id, value]));
    const swaps = open.map((key) => ({ key, expected: seen.get(key.id) }));
    const times = { at: at?.getTime() ?? clock, deadline: clock + database.statementTimeout };
    const written = await database.write(({ userKeys }) => userKeys.swap(swaps, times, testFence));
    if (typeof written === 'string') throw new DatabaseUnavailable(written);
    open = open.filter(({ id }) => !written.has(id));
  }
}

/** Stores a member's first value as a POST does; whether it was the first. */
export async function insert(database: Database, key: StoredUserKey, at?: Date): Promise<boolean> {
  await ensureManifest(database);
  const { clock } = await database.read(({ userKeys }) => userKeys.look([key.id], 0));
  const times = { at: at?.getTime() ?? clock, deadline: clock + database.statementTimeout };
  const swaps = [{ key, expected: undefined }];
  const written = await database.write(({ userKeys }) => userKeys.swap(swaps, times, testFence));
  return typeof written !== 'string' && written.has(key.id);
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
