import { Database, type ManifestVersion } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { maxDocumentLength } from './manifest.js';
import { RingManifestRow } from './ring-manifests.entity.js';
import type { ManifestRow } from './succession.js';

/** Letters of a signature: base64 of 64 bytes. */
const signatureLength = 88;

/** Letters of what stands in place of a signature, up to which a fence can name the row. */
const nameable = 1024;

/** A column's largest version: `int` in every database but SQLite, which takes 64 bits. */
const maxVersion = 0x7fff_ffff;

/** A row that cannot be named in a fence has no signature here: it holds bytes, or more than a statement should carry. */
export interface SeenManifest {
  readonly version: number;
  readonly signature: string | undefined;
}

/**
 * Reads and inserts rows of RingManifests, inside the caller's transaction. Whoever writes the database may have put a million
 * rows there, or one of a gigabyte: every question has a limit of rows, and of what is read of each.
 */
@Injectable()
export class ManifestStore {
  constructor(private readonly database: Database) {}

  /** Rows that can be a manifest by their lengths, the highest versions first. */
  async newest(manager: EntityManager, { below, take }: { below?: number; take: number }): Promise<ManifestRow[]> {
    const query = this.rows(manager)
      .andWhere('m.version < :below', { below: below ?? maxVersion + 1 })
      .orderBy('m.version', 'DESC');
    return (await query.limit(take).getRawMany<ManifestRow>()).map(asText);
  }

  /** The row of this version; `undefined` where there is none, or one that is no manifest by its lengths. */
  async at(manager: EntityManager, version: number): Promise<ManifestRow | undefined> {
    const row = await this.rows(manager).andWhere('m.version = :version', { version }).getRawOne<ManifestRow>();
    return row && asText(row);
  }

  /** Rows of higher versions, whatever they hold, in ascending order. */
  async above(manager: EntityManager, version: number, take: number): Promise<SeenManifest[]> {
    const rows = await manager
      .createQueryBuilder(RingManifestRow, 'm')
      .select('m.version', 'version')
      .addSelect(`CASE WHEN ${this.database.lengthOf('m.signature')} <= ${nameable} THEN m.signature END`, 'signature')
      .where('m.version > :version', { version })
      .orderBy('m.version', 'ASC')
      .limit(take)
      .getRawMany<{ version: number; signature: unknown }>();
    return rows.map(({ version: found, signature }) => ({
      version: found,
      signature: typeof signature === 'string' && Number.isSafeInteger(found) ? signature : undefined,
    }));
  }

  /** Whether any row is there. */
  exist(manager: EntityManager): Promise<boolean> {
    return manager.createQueryBuilder(RingManifestRow, 'm').select('m.version').getExists();
  }

  /** Inserts a version; one that is there fails it. */
  async insert(manager: EntityManager, row: ManifestRow): Promise<void> {
    await manager.insert(RingManifestRow, { ...row, creationDate: new Date() });
  }

  /** Deletes rows that count for nothing: each only while it holds what was seen. */
  async remove(manager: EntityManager, rows: readonly ManifestVersion[]): Promise<void> {
    for (const { version, signature } of rows) await manager.delete(RingManifestRow, { version, signature });
  }

  private rows(manager: EntityManager): SelectQueryBuilder<RingManifestRow> {
    const length = (column: string): string => this.database.lengthOf(`m.${column}`);
    return manager
      .createQueryBuilder(RingManifestRow, 'm')
      .select('m.version', 'version')
      .addSelect('m.document', 'document')
      .addSelect('m.signature', 'signature')
      .where(`${length('document')} <= ${maxDocumentLength}`)
      .andWhere(`${length('signature')} = ${signatureLength}`)
      .andWhere(`m.version BETWEEN 1 AND ${maxVersion}`);
  }
}

/** SQLite keeps bytes in a column of text: they are no manifest, and a row all the same. */
const asText = ({ version, document, signature }: Record<keyof ManifestRow, unknown>): ManifestRow => ({
  version: Number(version),
  document: typeof document === 'string' ? document : '',
  signature: typeof signature === 'string' ? signature : '',
});
