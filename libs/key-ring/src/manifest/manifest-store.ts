import { Database } from '@key-connector/database';
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

/** A row, whatever it holds. */
export interface SeenManifest {
  readonly version: number;
  /** Empty where it is no text, or longer than a document can be. */
  readonly document: string;
  /** `undefined` where a fence cannot name the row: it holds bytes, or more than a statement should carry. */
  readonly signature: string | undefined;
}

/**
 * Reads and inserts rows of RingManifests, inside the caller's transaction. Whoever writes the database may have put a
 * million rows there, or one of a gigabyte: every question has a limit of rows, and of what is read of each.
 */
@Injectable()
export class ManifestStore {
  constructor(private readonly database: Database) {}

  /** Rows that can be a manifest by their lengths, the highest versions first. */
  async newest(manager: EntityManager, { below, take }: { below?: number; take: number }): Promise<ManifestRow[]> {
    const length = (column: string): string => this.database.lengthOf(`m.${column}`);
    const query = this.bounded(manager)
      .where(`${length('document')} <= ${maxDocumentLength}`)
      .andWhere(`${length('signature')} = ${signatureLength}`)
      // No more than the column's type has room for: a server may refuse the very parameter.
      .andWhere('m.version BETWEEN 1 AND :most', { most: below === undefined ? maxVersion : below - 1 })
      .orderBy('m.version', 'DESC');
    return (await query.limit(take).getRawMany<ManifestRow>())
      .map(seen)
      .map((row) => ({ ...row, signature: row.signature ?? '' }));
  }

  /** The row of this version. */
  async at(manager: EntityManager, version: number): Promise<SeenManifest | undefined> {
    const row = await this.bounded(manager).where('m.version = :version', { version }).getRawOne<ManifestRow>();
    return row && seen(row);
  }

  /** Rows of higher versions, whatever they hold, in ascending order, and all of one moment: in one statement. */
  async above(manager: EntityManager, version: number, take: number): Promise<SeenManifest[]> {
    const query = this.bounded(manager)
      .where('m.version > :version', { version })
      .orderBy('m.version', 'ASC')
      .limit(take);
    return (await query.getRawMany<ManifestRow>()).map(seen);
  }

  /** Rows of any version that a column of 32 bits holds, in ascending order. */
  all(manager: EntityManager, take: number): Promise<SeenManifest[]> {
    return this.above(manager, -0x8000_0000, take);
  }

  /** Whether any row is there. */
  exist(manager: EntityManager): Promise<boolean> {
    return manager.exists(RingManifestRow);
  }

  /** Inserts a version; one that is there fails it. */
  async insert(manager: EntityManager, row: ManifestRow): Promise<void> {
    await manager.insert(RingManifestRow, { ...row, creationDate: new Date() });
  }

  /**
   * Deletes rows that were judged not to be the ring's: each only while it holds the signature that was judged, or
   * none.
   */
  async remove(manager: EntityManager, rows: readonly Pick<SeenManifest, 'version' | 'signature'>[]): Promise<void> {
    for (const { version, signature } of rows)
      if (signature === undefined) await this.removeNameless(manager, version);
      else await manager.delete(RingManifestRow, { version, signature });
  }

  /** On a cluster without a lock, another operator's manifest may stand there by now. */
  private async removeNameless(manager: EntityManager, version: number): Promise<void> {
    const length = this.database.lengthOf('signature');
    await manager
      .createQueryBuilder()
      .delete()
      .from(RingManifestRow)
      .where('version = :version', { version })
      // SQLite takes bytes, which are like no text, and versions of 64 bits.
      .andWhere(`(${length} <> ${signatureLength} OR signature NOT LIKE '%' OR version > ${maxVersion})`)
      .execute();
  }

  private bounded(manager: EntityManager): SelectQueryBuilder<RingManifestRow> {
    const within = (column: string, length: number): string =>
      `CASE WHEN ${this.database.lengthOf(`m.${column}`)} <= ${length} THEN m.${column} END`;
    return manager
      .createQueryBuilder(RingManifestRow, 'm')
      .select('m.version', 'version')
      .addSelect(within('document', maxDocumentLength), 'document')
      .addSelect(within('signature', nameable), 'signature');
  }
}

/** SQLite keeps bytes in a column of text, and versions of 64 bits. */
const seen = ({ version, document, signature }: Record<keyof ManifestRow, unknown>): SeenManifest => ({
  version: Number(version),
  document: typeof document === 'string' ? document : '',
  signature: typeof signature === 'string' && Number.isSafeInteger(version) ? signature : undefined,
});
