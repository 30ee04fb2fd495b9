import type { QueryRunner } from 'typeorm';
import type { StepwiseMigration } from '../../migrations/pending-migrations.js';

/** The tables of an existing deployment, made where they are not there; one that has them is left as it is. */
export class ClassicTables1760000000001 implements StepwiseMigration {
  readonly name = 'ClassicTables1760000000001';
  readonly complete = `(SELECT COUNT(*) FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('ApplicationDatas', 'UserKeys')) = 2`;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS \`ApplicationDatas\` (
        \`Id\` int NOT NULL AUTO_INCREMENT,
        \`SymmetricKey\` longtext CHARACTER SET utf8mb4 NULL,
        PRIMARY KEY (\`Id\`)
      ) ENGINE = InnoDB CHARACTER SET = utf8mb4`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS \`UserKeys\` (
        \`Id\` char(36) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
        \`Key\` longtext CHARACTER SET utf8mb4 NULL,
        \`CreationDate\` datetime(6) NOT NULL,
        \`RevisionDate\` datetime(6) NULL,
        \`LastAccessDate\` datetime(6) NULL,
        PRIMARY KEY (\`Id\`)
      ) ENGINE = InnoDB CHARACTER SET = utf8mb4`);
  }

  /** The tables hold the members' keys: nothing here ever drops them. */
  async down(): Promise<void> {
    await Promise.resolve();
  }
}
