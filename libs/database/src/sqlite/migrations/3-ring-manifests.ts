import type { QueryRunner } from 'typeorm';
import type { StepwiseMigration } from '../../migrations/pending-migrations.js';

/**
 * The versions of the ring’s manifest, and what members’ keys were before they were replaced or deleted. All of it is
 * additive.
 */
export class RingManifests1760000000003 implements StepwiseMigration {
  readonly name = 'RingManifests1760000000003';
  // By the names of constraints: a table of somebody else's may stand in the way.
  readonly complete = `(SELECT count(*) FROM sqlite_master
    WHERE (name = 'RingManifests' AND sql LIKE '%PK_RingManifests%')
      OR (name = 'UserKeyHistory' AND sql LIKE '%FK_UserKeyHistory_DataKeys%')
      OR name IN ('IX_UserKeyHistory_UserId', 'IX_UserKeyHistory_ReplacedDate', 'IX_UserKeyHistory_DataKeyId')) = 5`;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE "RingManifests" (
        "Version" INTEGER NOT NULL CONSTRAINT "PK_RingManifests" PRIMARY KEY,
        "Document" TEXT NOT NULL,
        "Signature" TEXT NOT NULL,
        "CreationDate" TEXT NOT NULL
      )`);
    // By AUTOINCREMENT the number of a row that was removed never comes again.
    await runner.query(`
      CREATE TABLE "UserKeyHistory" (
        "Id" INTEGER NOT NULL CONSTRAINT "PK_UserKeyHistory" PRIMARY KEY AUTOINCREMENT,
        "UserId" TEXT NOT NULL,
        "Key" TEXT NULL,
        "DataKeyId" INTEGER NULL
          CONSTRAINT "FK_UserKeyHistory_DataKeys" REFERENCES "DataKeys" ("Id") ON DELETE RESTRICT,
        "CreationDate" TEXT NOT NULL,
        "ReplacedDate" TEXT NOT NULL,
        "Cause" TEXT NOT NULL
      )`);
    await runner.query('CREATE INDEX "IX_UserKeyHistory_UserId" ON "UserKeyHistory" ("UserId" COLLATE NOCASE, "Id")');
    await runner.query('CREATE INDEX "IX_UserKeyHistory_ReplacedDate" ON "UserKeyHistory" ("ReplacedDate")');
    await runner.query('CREATE INDEX "IX_UserKeyHistory_DataKeyId" ON "UserKeyHistory" ("DataKeyId")');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "UserKeyHistory"');
    await runner.query('DROP TABLE "RingManifests"');
  }
}
