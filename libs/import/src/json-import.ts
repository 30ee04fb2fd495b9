import { Database, fenceHolds, type NewUserKey, UserKeyRows } from '@key-connector/database';
import { ClassicKeys, ClassicKeyUnreadable, type Ring, RingUnusable } from '@key-connector/key-ring';
import { Injectable, Logger } from '@nestjs/common';
import { type EntityManager, QueryFailedError } from 'typeorm';
import { type ImportPlan, opensTo, planImport } from './import-plan.js';
import { type JsonFile, type JsonFileEntry, readJsonFile } from './json-file.js';
import { JsonImportConflict, JsonImportRefused } from './json-import.errors.js';
import { OpenedJsonFile } from './opened-json-file.js';

/** What an import did, in members. */
export interface JsonImportResult {
  /** Have a row now, and had none before. */
  readonly imported: number;
  /** Had this key already. */
  readonly present: number;
  /** Have a newer key here, which was kept. */
  readonly newer: number;
}

/**
 * Brings the JSON file of an existing deployment into the database: all of it or nothing, and nothing over what is
 * there.
 *
 * An empty database becomes a classic deployment, values and times as in the file. One that has data keys gets the
 * members' keys sealed anew under its active one, in its layout.
 *
 * @example
 * await database.connect();
 * const { imported, present, newer } = await jsonImport.run('/etc/bitwarden/key-connector/data.json');
 */
@Injectable()
export class JsonImport {
  private readonly logger = new Logger(JsonImport.name);

  constructor(
    private readonly database: Database,
    private readonly classicKeys: ClassicKeys,
    private readonly rows: UserKeyRows,
  ) {}

  /**
   * Opens every value of the file before anything is written, and reads back what was. Takes the database's lock only
   * when something is missing, so it can be asked for at every start, by every replica.
   *
   * @throws JsonImportRefused, and nothing was written; or an UnavailableError, when it is worth another try.
   */
  async run(path: string): Promise<JsonImportResult> {
    const opened = await this.open(path, await readJsonFile(path));
    const plan = await this.database.snapshot(async (manager) => {
      const found = await this.classicKeys.ring(opened.key, manager);
      return found && this.plan(found.ring, opened, manager);
    });
    return plan?.missing.length === 0 ? resultOf(plan) : this.write(opened);
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

  private async open(path: string, file: JsonFile): Promise<OpenedJsonFile> {
    try {
      const opened = new OpenedJsonFile(path, file, await this.classicKeys.open(file.symmetricKey));
      for (const userId of opened.unusual)
        this.logger.warn({ msg: 'a key in the JSON file has not 32 bytes; it is served as it is', userId });
      return opened;
    } catch (error) {
      if (!(error instanceof ClassicKeyUnreadable)) throw error;
      throw new JsonImportRefused(
        path,
        `does not belong to the configured key-encryption key ${error.keyEncryptionKey}: its symmetricKey does not open ` +
          'with that. Configure the RSA key of the deployment that wrote the file.',
      );
    }
  }

  /**
   * A member may store a first key after the comparison: the insert meets it, and all is compared anew. Each time a
   * member fewer is missing, so this ends. Where the database has no lock, another replica's import may meet this one
   * before the comparison: then it is done, or wins, and once more is enough.
   */
  private async write(opened: OpenedJsonFile): Promise<JsonImportResult> {
    for (let before = Number.POSITIVE_INFINITY; ;) {
      let missing = Math.min(before, opened.file.userKey.length + 1);
      try {
        return await this.database.lock(async (manager) => {
          const { ring, fence } = await this.classicKeys.ringOrAdopt(opened.key, manager);
          const plan = await this.plan(ring, opened, manager);
          missing = plan.missing.length;
          await this.insert(ring, opened, plan.missing, manager);
          // At the end: the lock keeps manifests from being added, but not every database has one for us.
          if (!(await fenceHolds(manager, fence))) throw new RingUnusable(changedMeanwhile);
          return resultOf(plan);
        });
      } catch (error) {
        if (!(error instanceof QueryFailedError) || missing >= before) throw error;
        before = missing;
      }
    }
  }

  private async plan(ring: Ring, opened: OpenedJsonFile, manager: EntityManager): Promise<ImportPlan> {
    const rows = await this.rows.find(manager, idsOf(opened.file.userKey));
    const plan = planImport(opened, ring, rows);
    if (plan.conflicting.length > 0)
      throw new JsonImportConflict(opened.path, idsOf(plan.conflicting), plan.missing.length);
    return plan;
  }

  private async insert(
    ring: Ring,
    opened: OpenedJsonFile,
    entries: readonly JsonFileEntry[],
    manager: EntityManager,
  ): Promise<void> {
    await this.rows.insert(
      manager,
      entries.map((entry) => newRow(opened, ring, entry)),
    );
    const rows = await this.rows.find(manager, idsOf(entries));
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

const changedMeanwhile = 'The ring was changed while the file was imported. Nothing was imported; run it again.';

/** Values stay as they are where the ring writes the same layout under the same data key. */
function newRow(opened: OpenedJsonFile, ring: Ring, { id, key: value, ...dates }: JsonFileEntry): NewUserKey {
  if (opened.key.isActiveIn(ring)) return { id, value, dataKeyId: null, ...dates };
  const key = opened.key.open(value);
  try {
    return { ...ring.seal(id, key), ...dates };
  } finally {
    key.fill(0);
  }
}

const idsOf = (entries: readonly JsonFileEntry[]): JsonFileEntry['id'][] => entries.map(({ id }) => id);

const resultOf = ({ missing, same, newer }: ImportPlan): JsonImportResult => ({
  imported: missing.length,
  present: same.length,
  newer: newer.length,
});
