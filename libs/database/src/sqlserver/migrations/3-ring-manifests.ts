import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The versions of the ring’s manifest, and what members’ keys were before they were replaced or deleted. All of it is
 * additive.
 */
export class RingManifests1760000000003 implements MigrationInterface {
  readonly name = 'RingManifests1760000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE [RingManifests] (
        [Version] int NOT NULL,
        [Document] nvarchar(max) COLLATE Latin1_General_BIN2 NOT NULL,
        [Signature] nvarchar(max) COLLATE Latin1_General_BIN2 NOT NULL,
        [CreationDate] datetime2 NOT NULL,
        CONSTRAINT [PK_RingManifests] PRIMARY KEY ([Version])
      )`);
    await runner.query(`
      CREATE TABLE [UserKeyHistory] (
        [Id] bigint NOT NULL IDENTITY,
        [UserId] uniqueidentifier NOT NULL,
        [Key] nvarchar(max) NULL,
        [DataKeyId] int NULL,
        [CreationDate] datetime2 NOT NULL,
        [ReplacedDate] datetime2 NOT NULL,
        [Cause] nvarchar(20) NOT NULL,
        CONSTRAINT [PK_UserKeyHistory] PRIMARY KEY ([Id]),
        CONSTRAINT [FK_UserKeyHistory_DataKeys] FOREIGN KEY ([DataKeyId]) REFERENCES [DataKeys] ([Id])
      )`);
    await runner.query('CREATE INDEX [IX_UserKeyHistory_UserId] ON [UserKeyHistory] ([UserId], [Id])');
    await runner.query('CREATE INDEX [IX_UserKeyHistory_ReplacedDate] ON [UserKeyHistory] ([ReplacedDate])');
    await runner.query('CREATE INDEX [IX_UserKeyHistory_DataKeyId] ON [UserKeyHistory] ([DataKeyId])');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE [UserKeyHistory]');
    await runner.query('DROP TABLE [RingManifests]');
  }
}
