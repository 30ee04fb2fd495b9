import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Data keys, their wrappings, and which data key a member's row needs. All of it is additive. */
export class DataKeys1760000000002 implements MigrationInterface {
  readonly name = 'DataKeys1760000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE "DataKeys" (
        "Id" integer NOT NULL,
        "CreationDate" timestamp without time zone NOT NULL,
        CONSTRAINT "PK_DataKeys" PRIMARY KEY ("Id")
      )`);
    await runner.query(`
      CREATE TABLE "DataKeyWrappings" (
        "DataKeyId" integer NOT NULL,
        "KekId" character varying(100) NOT NULL,
        "KeyReference" text NOT NULL,
        "Algorithm" character varying(50) NOT NULL,
        "WrappedKey" text NOT NULL,
        "CreationDate" timestamp without time zone NOT NULL,
        CONSTRAINT "PK_DataKeyWrappings" PRIMARY KEY ("DataKeyId", "KekId"),
        CONSTRAINT "FK_DataKeyWrappings_DataKeys" FOREIGN KEY ("DataKeyId") REFERENCES "DataKeys" ("Id") ON DELETE RESTRICT
      )`);
    await runner.query(`
      ALTER TABLE "UserKeys" ADD COLUMN "DataKeyId" integer
        CONSTRAINT "FK_UserKeys_DataKeys" REFERENCES "DataKeys" ("Id") ON DELETE RESTRICT`);
    // Partial: a classic deployment has no such rows, so this costs it nothing however many members it has.
    await runner.query(`
      CREATE INDEX "IX_UserKeys_DataKeyId" ON "UserKeys" ("DataKeyId") WHERE "DataKeyId" IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "UserKeys" DROP COLUMN "DataKeyId"');
    await runner.query('DROP TABLE "DataKeyWrappings"');
    await runner.query('DROP TABLE "DataKeys"');
  }
}
