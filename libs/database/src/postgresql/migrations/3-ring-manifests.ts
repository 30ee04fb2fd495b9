import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The versions of the ring’s manifest, and what members’ keys were before they were replaced or deleted. All of it is
 * additive.
 */
export class RingManifests1760000000003 implements MigrationInterface {
  readonly name = 'RingManifests1760000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE "RingManifests" (
        "Version" integer NOT NULL,
        "Document" text NOT NULL,
        "Signature" text NOT NULL,
        "CreationDate" timestamp without time zone NOT NULL,
        CONSTRAINT "PK_RingManifests" PRIMARY KEY ("Version")
      )`);
    await runner.query(`
      CREATE TABLE "UserKeyHistory" (
        "Id" bigint GENERATED ALWAYS AS IDENTITY,
        "UserId" uuid NOT NULL,
        "Key" text,
        "DataKeyId" integer,
        "CreationDate" timestamp without time zone NOT NULL,
        "ReplacedDate" timestamp without time zone NOT NULL,
        "Cause" character varying(20) NOT NULL,
        CONSTRAINT "PK_UserKeyHistory" PRIMARY KEY ("Id"),
        CONSTRAINT "FK_UserKeyHistory_DataKeys" FOREIGN KEY ("DataKeyId") REFERENCES "DataKeys" ("Id") ON DELETE RESTRICT
      )`);
    await runner.query('CREATE INDEX "IX_UserKeyHistory_UserId" ON "UserKeyHistory" ("UserId", "Id")');
    await runner.query('CREATE INDEX "IX_UserKeyHistory_ReplacedDate" ON "UserKeyHistory" ("ReplacedDate")');
    await runner.query('CREATE INDEX "IX_UserKeyHistory_DataKeyId" ON "UserKeyHistory" ("DataKeyId")');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "UserKeyHistory"');
    await runner.query('DROP TABLE "RingManifests"');
  }
}
