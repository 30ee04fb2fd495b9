import { Database, type NewUserKey, UserKeyRows } from '@key-connector/database';
import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { type EntityManager, QueryFailedError } from 'typeorm';
import { DataKeysLoader } from '../data-keys.loader.js';
import { FirstDataKey } from '../first.data-key.js';
import { DataKeyUnreadable } from '../key-ring.errors.js';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { KeyRingStore } from '../key-ring.store.js';
import { Ring } from '../ring.js';
import { resolveLayout } from '../value-layout.js';
import { WrappingsOpener } from '../wrappings.opener.js';
import { readJsonFile } from './json-file.reader.js';
import type { JsonFile, JsonFileEntry } from './json-file.schema.js';
import { JsonImportConflict, JsonImportRefused } from './json-import.errors.js';
import { type JsonImportPlan, opensTo, planImport } from './json-import.plan.js';
import { OpenedJsonFile } from './opened-json-file.js';

/** What an import did, in members. */
export interface JsonImportResult {
  readonly imported: number;
  /** Had this key already. */
  readonly present: number;
  /** Have a newer key here, which was kept. */
  readonly newer: number;
}

/**
 * Brings the JSON file of an existing deployment into the database: all of it or nothing, and nothing over what is there.
 *
 * An empty database becomes a classic deployment, values and times as in the file. One that has data keys gets the members'
 * keys sealed anew under its active one, in its layout.
 */
@Injectable()
export class JsonImport {
  private readonly logger = new Logger(JsonImport.name);

  constructor(
    private readonly database: Database,
    private readonly loader: DataKeysLoader,
    private readonly store: KeyRingStore,
    private readonly opener: WrappingsOpener,
    private readonly first: FirstDataKey,
    private readonly rows: UserKeyRows,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /**
   * Opens every value of the file before anything is written, and reads back what was. Takes the database's lock only when
   * something is missing, so it can be asked for at every start, by every replica.
   *
   * Throws JsonImportRefused (nothing was written) or an UnavailableError.
   */
  async run(path: string): Promise<JsonImportResult> {
    const file = await readJsonFile(path);
    const stored = await this.store.read();
    const kek = await this.loader.openKey(stored, file.symmetricKey);
    const opened = await this.open(path, file, kek);
    if (stored.dataKeyIds.length > 0) {
      const plan = await this.store.reading((manager) => this.plan(kek, opened, manager));
      if (plan.missing.length === 0) return resultOf(plan);
    }
    return this.write(kek, opened);
  }

  /** For a start: once every member of the file has a row, it has no more say in what those rows hold. */
  async runAtStart(path: string): Promise<void> {
    try {
      this.logger.log({ msg: 'imported the JSON file', file: path, ...(await this.run(path)) });
    } catch (error) {
      if (!(error instanceof JsonImportConflict) || error.missing > 0) throw error;
      this.logger.warn({ msg: 'the JSON file has nothing more to import', file: path, differing: error.differing });
    }
  }

  private async open(path: string, file: JsonFile, kek: KeyEncryptionKey): Promise<OpenedJsonFile> {
    try {
      const opened = new OpenedJsonFile(path, file, await this.opener.openClassic(kek, file.symmetricKey));
      for (const userId of opened.unusual)
        this.logger.warn({ msg: 'a key in the JSON file has not 32 bytes; it is served as it is', userId });
      return opened;
    } catch (error) {
      if (!(error instanceof DataKeyUnreadable)) throw error;
      throw new JsonImportRefused(
        path,
        `does not belong to the configured key-encryption key ${kek.id} (${kek.description}): its symmetricKey does not ` +
          'open with that. Configure the RSA key of the deployment that wrote the file.',
      );
    }
  }

  /**
   * A member may store a first key after the comparison: the insert meets it, and all is compared anew. Each time a member
   * fewer is missing, so this ends.
   */
  private async write(kek: KeyEncryptionKey, opened: OpenedJsonFile): Promise<JsonImportResult> {
    for (let before = Number.POSITIVE_INFINITY; ;) {
      let missing = before;
      try {
        return await this.database.lock(async (manager) => {
          await this.ensureDataKey(kek, opened, manager);
          const plan = await this.plan(kek, opened, manager);
          missing = plan.missing.length;
          await this.insert(kek, opened, plan, manager);
          return resultOf(plan);
        });
      } catch (error) {
        if (!(error instanceof QueryFailedError) || missing >= before) throw error;
        before = missing;
      }
    }
  }

  private async insert(
    kek: KeyEncryptionKey,
    opened: OpenedJsonFile,
    { missing }: JsonImportPlan,
    manager: EntityManager,
  ): Promise<void> {
    const ring = await this.ring(kek, manager);
    await this.rows.insert(
      manager,
      missing.map((entry) => newRow(opened, ring, entry)),
    );
    await this.readBack(opened, ring, missing, manager);
  }

  /** A database without data keys takes over its own, or else the file's, the way a classic deployment is adopted. */
  private async ensureDataKey(kek: KeyEncryptionKey, { file }: OpenedJsonFile, manager: EntityManager): Promise<void> {
    const { dataKeyIds, applicationData } = await this.store.readWith(manager);
    if (dataKeyIds.length > 0) return;
    if (applicationData === undefined && !(await this.store.hasUserKeys(manager)))
      await this.store.insertApplicationData(manager, file.symmetricKey);
    await this.first.establish(kek, manager);
  }

  private async ring(kek: KeyEncryptionKey, manager: EntityManager): Promise<Ring> {
    const dataKeys = await this.opener.openAll(kek, await this.store.readWith(manager));
    return new Ring(dataKeys, resolveLayout(this.settings.valueLayout, [...dataKeys.keys()]));
  }

  private async plan(kek: KeyEncryptionKey, opened: OpenedJsonFile, manager: EntityManager): Promise<JsonImportPlan> {
    const ring = await this.ring(kek, manager);
    const rows = await this.rows.find(
      manager,
      opened.file.userKey.map(({ id }) => id),
    );
    const plan = planImport(opened, ring, rows);
    if (plan.conflicting.length > 0)
      throw new JsonImportConflict(
        opened.path,
        plan.conflicting.map(({ id }) => id),
        plan.missing.length,
      );
    return plan;
  }

  private async readBack(
    opened: OpenedJsonFile,
    ring: Ring,
    entries: readonly JsonFileEntry[],
    manager: EntityManager,
  ): Promise<void> {
    const rows = await this.rows.find(
      manager,
      entries.map(({ id }) => id),
    );
    const wrong = entries.filter((entry) => {
      const row = rows.get(entry.id);
      return row === undefined || opensTo(opened, ring, entry, row) !== true;
    });
    if (wrong.length > 0)
      throw new JsonImportRefused(
        opened.path,
        'was written, and the database gave back something else.',
        wrong.map(({ id }) => `member ${id}`),
      );
  }
}

/** Values stay as they are where the ring writes the same layout under the same data key. */
function newRow(opened: OpenedJsonFile, ring: Ring, { id, key: value, ...dates }: JsonFileEntry): NewUserKey {
  if (ring.layout === 'classic' && opened.isSealedUnder(ring.active)) return { id, value, dataKeyId: null, ...dates };
  const key = opened.open({ id, key: value, ...dates });
  try {
    return { ...ring.seal(id, key), ...dates };
  } finally {
    key.fill(0);
  }
}

const resultOf = ({ missing, same, newer }: JsonImportPlan): JsonImportResult => ({
  imported: missing.length,
  present: same.length,
  newer: newer.length,
});
