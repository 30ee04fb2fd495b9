import type { QueryRunner } from 'typeorm';
import type { StepwiseMigration } from '../../migrations/pending-migrations.js';

/**
 * The versions of the ring’s manifest, and what members’ keys were before they were replaced or deleted. All of it is
 * additive.
 */
export class RingManifests1760000000003 implements StepwiseMigration {
  readonly name = 'RingManifests1760000000003';
  readonly complete = `(SELECT COUNT(*) FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('RingManifests', 'UserKeyHistory')) = 2`;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS \`RingManifests\` (
        \`Version\` int NOT NULL,
        \`Document\` text CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        \`Signature\` text CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        \`CreationDate\` datetime(6) NOT NULL,
        PRIMARY KEY (\`Version\`)
      ) ENGINE = InnoDB CHARACTER SET = utf8mb4`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS \`UserKeyHistory\` (
        \`Id\` bigint NOT NULL AUTO_INCREMENT,
        \`UserId\` char(36) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
        \`Key\` longtext CHARACTER SET utf8mb4 NULL,
        \`DataKeyId\` int NULL,
        \`CreationDate\` datetime(6) NOT NULL,
        \`ReplacedDate\` datetime(6) NOT NULL,
        \`Cause\` varchar(20) CHARACTER SET utf8mb4 NOT NULL,
        PRIMARY KEY (\`Id\`),
        INDEX \`IX_UserKeyHistory_UserId\` (\`UserId\`, \`Id\`),
        INDEX \`IX_UserKeyHistory_ReplacedDate\` (\`ReplacedDate\`),
        INDEX \`IX_UserKeyHistory_DataKeyId\` (\`DataKeyId\`),
        CONSTRAINT \`FK_UserKeyHistory_DataKeys\` FOREIGN KEY (\`DataKeyId\`) REFERENCES \`DataKeys\` (\`Id\`) ON DELETE RESTRICT
      ) ENGINE = InnoDB CHARACTER SET = utf8mb4`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE `UserKeyHistory`');
    await runner.query('DROP TABLE `RingManifests`');
  }
}
