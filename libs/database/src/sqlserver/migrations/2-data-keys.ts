import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Data keys, their wrappings, and which data key a member's row needs. All of it is additive. */
export class DataKeys1760000000002 implements MigrationInterface {
  readonly name = 'DataKeys1760000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE [DataKeys] (
        [Id] int NOT NULL,
        [CreationDate] datetime2 NOT NULL,
        CONSTRAINT [PK_DataKeys] PRIMARY KEY ([Id])
      )`);
    await runner.query(`
      CREATE TABLE [DataKeyWrappings] (
        [DataKeyId] int NOT NULL,
        [KekId] nvarchar(100) NOT NULL,
        [KeyReference] nvarchar(max) NOT NULL,
        [Algorithm] nvarchar(50) NOT NULL,
        [WrappedKey] nvarchar(max) NOT NULL,
        [CreationDate] datetime2 NOT NULL,
        CONSTRAINT [PK_DataKeyWrappings] PRIMARY KEY ([DataKeyId], [KekId]),
        CONSTRAINT [FK_DataKeyWrappings_DataKeys] FOREIGN KEY ([DataKeyId]) REFERENCES [DataKeys] ([Id])
      )`);
    await runner.query(`
      ALTER TABLE [UserKeys] ADD [DataKeyId] int NULL
        CONSTRAINT [FK_UserKeys_DataKeys] REFERENCES [DataKeys] ([Id])`);
    // Not filtered: with a filtered index, every session that writes the table needs QUOTED_IDENTIFIER ON, and those of
    // sqlcmd and of the SQL Server Agent have it off.
    await runner.query('CREATE INDEX [IX_UserKeys_DataKeyId] ON [UserKeys] ([DataKeyId])');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX [IX_UserKeys_DataKeyId] ON [UserKeys]');
    await runner.query('ALTER TABLE [UserKeys] DROP CONSTRAINT [FK_UserKeys_DataKeys]');
    await runner.query('ALTER TABLE [UserKeys] DROP COLUMN [DataKeyId]');
    await runner.query('DROP TABLE [DataKeyWrappings]');
    await runner.query('DROP TABLE [DataKeys]');
  }
}
