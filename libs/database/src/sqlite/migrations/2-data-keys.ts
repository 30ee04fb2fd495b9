import type { QueryRunner } from 'typeorm';
import { DatabaseUnsupported } from '../../errors/database.errors.js';
import type { StepwiseMigration } from '../../migrations/pending-migrations.js';

/** Data keys, their wrappings, and which data key a member's row needs. All of it is additive. */
export class DataKeys1760000000002 implements StepwiseMigration {
  readonly name = 'DataKeys1760000000002';
  // By the names of constraints: a table of somebody else's may stand in the way.
  readonly complete = `(SELECT count(*) FROM sqlite_master
    WHERE (name = 'DataKeys' AND sql LIKE '%PK_DataKeys%')
      OR (name = 'DataKeyWrappings' AND sql LIKE '%FK_DataKeyWrappings_DataKeys%')
      OR (name = 'UserKeys' AND sql LIKE '%FK_UserKeys_DataKeys%')
      OR name IN ('IX_UserKeys_DataKeyId', 'IX_UserKeys_Id_NoCase')) = 5`;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE "DataKeys" (
        "Id" INTEGER NOT NULL CONSTRAINT "PK_DataKeys" PRIMARY KEY,
        "CreationDate" TEXT NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE "DataKeyWrappings" (
        "DataKeyId" INTEGER NOT NULL
          CONSTRAINT "FK_DataKeyWrappings_DataKeys" REFERENCES "DataKeys" ("Id") ON DELETE RESTRICT,
        "KekId" TEXT NOT NULL,
        "KeyReference" TEXT NOT NULL,
        "Algorithm" TEXT NOT NULL,
        "WrappedKey" TEXT NOT NULL,
        "CreationDate" TEXT NOT NULL,
        CONSTRAINT "PK_DataKeyWrappings" PRIMARY KEY ("DataKeyId", "KekId")
      )`);
    await runner.query(`
      ALTER TABLE "UserKeys" ADD COLUMN "DataKeyId" INTEGER NULL
        CONSTRAINT "FK_UserKeys_DataKeys" REFERENCES "DataKeys" ("Id") ON DELETE RESTRICT`);
    await runner.query(`
      CREATE INDEX "IX_UserKeys_DataKeyId" ON "UserKeys" ("DataKeyId") WHERE "DataKeyId" IS NOT NULL`);
    await this.refuseDoubles(runner);
    // A GUID is the same in either case, which text is not: one member has one row, and is found in either case.
    await runner.query(`CREATE UNIQUE INDEX "IX_UserKeys_Id_NoCase" ON "UserKeys" ("Id" COLLATE NOCASE)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX "IX_UserKeys_Id_NoCase"');
    await runner.query('DROP INDEX "IX_UserKeys_DataKeyId"');
    await runner.query('ALTER TABLE "UserKeys" DROP COLUMN "DataKeyId"');
    await runner.query('DROP TABLE "DataKeyWrappings"');
    await runner.query('DROP TABLE "DataKeys"');
  }

  private async refuseDoubles(runner: QueryRunner): Promise<void> {
    // When the SQL is printed only, the table may not be there yet.
    if (!(await runner.hasTable('UserKeys'))) return;
    const doubles = (await runner.query(
      'SELECT lower("Id") AS "id" FROM "UserKeys" GROUP BY lower("Id") HAVING count(*) > 1 LIMIT 5',
    )) as { id: string }[];
    if (doubles.length === 0) return;
    const ids = doubles.map(({ id }) => id).join(', ');
    throw new DatabaseUnsupported(
      `UserKeys holds two rows for one member, which differ in the case of Id only (${ids}). Keep the row that is right, delete the other, and start again.`,
    );
  }
}
