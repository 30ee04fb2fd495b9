import type { QueryRunner } from 'typeorm';
import type { StepwiseMigration } from '../../migrations/pending-migrations.js';

/** The tables of an existing deployment, made where they are not there; one that has them is left as it is. */
export class ClassicTables1760000000001 implements StepwiseMigration {
  readonly name = 'ClassicTables1760000000001';
  readonly complete = `(SELECT count(*) FROM sqlite_master WHERE name IN ('ApplicationDatas', 'UserKeys')) = 2`;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS "ApplicationDatas" (
        "Id" INTEGER NOT NULL CONSTRAINT "PK_ApplicationDatas" PRIMARY KEY AUTOINCREMENT,
        "SymmetricKey" TEXT NULL
      )`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS "UserKeys" (
        "Id" TEXT NOT NULL CONSTRAINT "PK_UserKeys" PRIMARY KEY,
        "Key" TEXT NULL,
        "CreationDate" TEXT NOT NULL,
        "RevisionDate" TEXT NULL,
        "LastAccessDate" TEXT NULL
      )`);
  }

  /** The tables hold the members' keys: nothing here ever drops them. */
  async down(): Promise<void> {
    await Promise.resolve();
  }
}
