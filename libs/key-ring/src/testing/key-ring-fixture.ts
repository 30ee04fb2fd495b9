import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Secret, type UserId } from '@key-connector/common';
import { CryptoProvidersModule, KeyProvider, type KeyProviderSettings } from '@key-connector/crypto-providers';
import { Database, DatabaseModule, databaseSettingsSchema, type StoredUserKey } from '@key-connector/database';
import { Metrics, ObservabilityModule } from '@key-connector/observability';
import { ConsoleLogger, type DynamicModule } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import SqliteDatabase from 'better-sqlite3';
import { KeyRingModule } from '../key-ring.module.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { KeyRing } from '../key-ring.js';
import { parseRingPin } from '../manifest/ring-pin.js';
import type { ManifestRow } from '../manifest/succession.js';
import { MadeRing } from './made-ring.js';

/** Files of a classic deployment. */
export const classicFolder = `${resolve(import.meta.dirname, '../../../../test/fixtures/classic')}/`;

/** The key-encryption key of the classic deployment. */
export const classicKey = {
  kind: 'certificate',
  timeoutSeconds: 15,
  source: { kind: 'filesystem', path: `${classicFolder}bwkc-aes.pfx`, password: new Secret('fixture-password') },
} as const satisfies KeyProviderSettings;

/** A replica of the service, as far as keys go. */
export interface Replica {
  readonly keyRing: KeyRing;
  readonly metrics: Metrics;
  readonly module: TestingModule;
  /** Connects to the database, which migrates it: the step of the boot before the data keys. */
  connect(): Promise<void>;
  /** Connects to the database and loads the data keys, as boot does. */
  load(): Promise<void>;
}

/** Rooms that stand on those of a replica. */
type RoomsAbove = (rooms: DynamicModule[]) => DynamicModule[];

/** An SQLite file with real migrations, and replicas of the service on it. */
export class KeyRingFixture {
  /** The setting `keyRing__identity` of replicas that are made from now on. */
  pins: readonly string[] = [];
  private readonly modules: TestingModule[] = [];

  private constructor(
    private readonly folder: string,
    private readonly above: RoomsAbove,
  ) {}

  /** An empty database, or a copy of the classic deployment's; its replicas have these further rooms. */
  static async create(contents: 'empty' | 'classic' = 'empty', above: RoomsAbove = () => []): Promise<KeyRingFixture> {
    const fixture = new KeyRingFixture(await mkdtemp(join(tmpdir(), 'key-connector-key-ring-')), above);
    if (contents === 'classic') await copyFile(`${classicFolder}classic.sqlite`, fixture.file);
    return fixture;
  }

  get file(): string {
    return join(this.folder, 'keys.sqlite');
  }

  /** A process of its own, but for the process: its own pool, provider and ring. */
  async replica(
    valueLayout: KeyRingSettings['valueLayout'] = 'auto',
    keyProvider: KeyProviderSettings = classicKey,
    databaseSettings: Readonly<Record<string, string>> = {},
  ): Promise<Replica> {
    const database = databaseSettingsSchema.parse({
      ...databaseSettings,
      provider: 'sqlite',
      sqliteConnectionString: `Data Source=${this.file}`,
    });
    const below = [
      ObservabilityModule.forRoot({ host: '127.0.0.1' }),
      DatabaseModule.forRoot(database),
      CryptoProvidersModule.forRoot(keyProvider),
    ];
    const useFactory = (): KeyRingSettings => ({
      ...{ valueLayout, providerCheckSeconds: 300, reloadSeconds: 3600 },
      identity: this.pins.flatMap((pin) => parseRingPin(pin) ?? []),
    });
    const rooms = [...below, KeyRingModule.forRootAsync({ imports: below, useFactory })];
    const module = await Test.createTestingModule({ imports: [...rooms, ...this.above(rooms)] })
      .setLogger(new ConsoleLogger({ logLevels: [] }))
      .compile();
    this.modules.push(module);
    const keyRing = module.get(KeyRing);
    const connect = (): Promise<void> => module.get(Database).connect();
    return {
      keyRing,
      metrics: module.get(Metrics),
      module,
      connect,
      load: async () => {
        await connect();
        await keyRing.load();
      },
    };
  }

  /** A replica that has loaded the data keys. */
  async start(...parameters: Parameters<KeyRingFixture['replica']>): Promise<Replica> {
    const replica = await this.replica(...parameters);
    await replica.load();
    return replica;
  }

  /** Puts a member's row into the database. */
  store({ id, value, dataKeyId }: StoredUserKey): void {
    const insert = 'INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate") VALUES (?, ?, ?, ?)';
    this.sql(insert, id.toUpperCase(), value, dataKeyId, '2026-01-01 00:00:00.0000000');
  }

  /** A member's row as it stands in the database. */
  stored(id: UserId): StoredUserKey {
    const select = 'SELECT "Key" AS value, "DataKeyId" AS dataKeyId FROM "UserKeys" WHERE "Id" = ?';
    const [row] = this.sql<Omit<StoredUserKey, 'id'>>(select, id.toUpperCase());
    if (row === undefined) throw new Error(`no row for ${id}`);
    return { id, ...row };
  }

  /**
   * Runs SQL beside the service, as an operator, other software or a thief does: without foreign keys, like a thief.
   */
  sql<T = unknown>(statement: string, ...parameters: unknown[]): T[] {
    const database = new SqliteDatabase(this.file, { timeout: 5_000 });
    database.pragma('foreign_keys = OFF');
    try {
      const prepared = database.prepare(statement);
      return prepared.reader ? (prepared.all(...parameters) as T[]) : (prepared.run(...parameters), []);
    } finally {
      database.close();
    }
  }

  /** Everything that the tables of keys hold; an empty database has nothing. */
  contents(): unknown[] {
    const tables = ['DataKeys', 'DataKeyWrappings', 'RingManifests', 'ApplicationDatas', 'UserKeys', 'UserKeyHistory'];
    return tables.flatMap((table) => this.sql(`SELECT '${table}' AS "Table", * FROM "${table}" ORDER BY 2, 3`));
  }

  /** The ring's own signer, as a command of an operator opens it. */
  async operator({ module }: Replica): Promise<MadeRing> {
    const [row] = this.sql<{ KeyReference: string; Algorithm: string; WrappedKey: string }>(
      'SELECT * FROM "DataKeyWrappings" WHERE "DataKeyId" = -1',
    );
    if (row === undefined) throw new Error('no identity');
    const { KeyReference: keyReference, Algorithm: algorithm } = row;
    const ciphertext = Buffer.from(row.WrappedKey, 'base64');
    const kek = await module.get(KeyProvider).open();
    return MadeRing.of(Buffer.from(await kek.unwrap({ keyReference, algorithm, ciphertext })));
  }

  /** The rows of RingManifests, the lowest version first. */
  manifests(): ManifestRow[] {
    return this.sql(
      'SELECT "Version" AS version, "Document" AS document, "Signature" AS signature FROM "RingManifests" ORDER BY 1',
    );
  }

  /** The newest of them. */
  manifest(): ManifestRow {
    const last = this.manifests().at(-1);
    if (last === undefined) throw new Error('no manifest');
    return last;
  }

  putManifest({ version, document, signature }: ManifestRow): void {
    this.sql(`INSERT INTO "RingManifests" VALUES (?, ?, ?, '2026-01-01 00:00:00')`, version, document, signature);
  }

  /** A data key, wrapped with the public key under which the others are: all that it takes is write access. */
  async putDataKey({ module }: Replica, id: number, bytes: Buffer): Promise<void> {
    const { ciphertext } = await (await module.get(KeyProvider).open()).wrap(bytes);
    this.sql(`INSERT INTO "DataKeys" VALUES (?, '2026-01-01 00:00:00')`, id);
    this.sql(
      `INSERT INTO "DataKeyWrappings" SELECT ?, "KekId", "KeyReference", "Algorithm", ?, "CreationDate"
       FROM "DataKeyWrappings" WHERE "DataKeyId" = -1`,
      id,
      Buffer.from(ciphertext).toString('base64'),
    );
  }

  async remove(): Promise<void> {
    await Promise.all(this.modules.map((module) => module.close()));
    await rm(this.folder, { recursive: true });
  }
}

/** How many values did not open, by reason. */
export const failuresOf = (replica: Replica): Promise<Record<string, number>> =>
  byReason(replica, 'key_connector_user_key_open_failures_total');

/** How many data keys of the database were refused while serving, by reason. */
export const refusalsOf = (replica: Replica): Promise<Record<string, number>> =>
  byReason(replica, 'key_connector_ring_refusals_total');

async function byReason({ metrics }: Replica, name: string): Promise<Record<string, number>> {
  const metric = await metrics.registry.getSingleMetric(name)?.get();
  return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [String(labels['reason']), value]));
}
