import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of an existing deployment, made where they are not there; one that has them is left as it is. */
export class ClassicTables1760000000001 implements MigrationInterface {
  readonly name = 'ClassicTables1760000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      IF OBJECT_ID(N'[ApplicationDatas]', N'U') IS NULL
      CREATE TABLE [ApplicationDatas] (
        [Id] int NOT NULL IDENTITY,
        [SymmetricKey] nvarchar(max) NULL,
        CONSTRAINT [PK_ApplicationDatas] PRIMARY KEY ([Id])
      )`);
    await runner.query(`
      IF OBJECT_ID(N'[UserKeys]', N'U') IS NULL
      CREATE TABLE [UserKeys] (
        [Id] uniqueidentifier NOT NULL,
        [Key] nvarchar(max) NULL,
        [CreationDate] datetime2 NOT NULL,
        [RevisionDate] datetime2 NULL,
        [LastAccessDate] datetime2 NULL,
        CONSTRAINT [PK_UserKeys] PRIMARY KEY ([Id])
      )`);
  }

  /** The tables hold the members' keys: nothing here ever drops them. */
  async down(): Promise<void> {
    await Promise.resolve();
  }
}
