import type { QueryRunner } from 'typeorm';
import { DatabaseUnsupported } from '../../errors/database.errors.js';
import type { StepwiseMigration } from '../../migrations/pending-migrations.js';

const here = 'WHERE TABLE_SCHEMA = DATABASE() AND';
const userKeys = `${here} TABLE_NAME = 'UserKeys'`;

/** What the migration leaves behind, in the order of its steps, as rows of information_schema. */
const traces = {
  dataKeys: `TABLES ${here} TABLE_NAME = 'DataKeys'`,
  wrappings: `TABLES ${here} TABLE_NAME = 'DataKeyWrappings'`,
  column: `COLUMNS ${userKeys} AND COLUMN_NAME = 'DataKeyId'`,
  index: `STATISTICS ${userKeys} AND INDEX_NAME = 'IX_UserKeys_DataKeyId'`,
  foreignKey: `TABLE_CONSTRAINTS ${userKeys} AND CONSTRAINT_NAME = 'FK_UserKeys_DataKeys'`,
};

/** Data keys, their wrappings, and which data key a member's row needs. All of it is additive. */
export class DataKeys1760000000002 implements StepwiseMigration {
  readonly name = 'DataKeys1760000000002';
  readonly complete = Object.values(traces)
    .map((trace) => `EXISTS (SELECT 1 FROM information_schema.${trace})`)
    .join('\n  AND ');

  async up(runner: QueryRunner): Promise<void> {
    await this.refuseOtherEngines(runner);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS \`DataKeys\` (
        \`Id\` int NOT NULL,
        \`CreationDate\` datetime(6) NOT NULL,
        PRIMARY KEY (\`Id\`)
      ) ENGINE = InnoDB CHARACTER SET = utf8mb4`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS \`DataKeyWrappings\` (
        \`DataKeyId\` int NOT NULL,
        \`KekId\` varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
        \`KeyReference\` text CHARACTER SET utf8mb4 NOT NULL,
        \`Algorithm\` varchar(50) CHARACTER SET utf8mb4 NOT NULL,
        \`WrappedKey\` text CHARACTER SET utf8mb4 NOT NULL,
        \`CreationDate\` datetime(6) NOT NULL,
        PRIMARY KEY (\`DataKeyId\`, \`KekId\`),
        CONSTRAINT \`FK_DataKeyWrappings_DataKeys\` FOREIGN KEY (\`DataKeyId\`) REFERENCES \`DataKeys\` (\`Id\`) ON DELETE RESTRICT
      ) ENGINE = InnoDB CHARACTER SET = utf8mb4`);
    // One after the other: each alone is done without a copy of the table, however many members it has.
    if (!(await exists(runner, traces.column))) {
      await runner.query('ALTER TABLE `UserKeys` ADD COLUMN `DataKeyId` int NULL');
    }
    if (!(await exists(runner, traces.index))) {
      await runner.query('ALTER TABLE `UserKeys` ADD INDEX `IX_UserKeys_DataKeyId` (`DataKeyId`)');
    }
    if (!(await exists(runner, traces.foreignKey))) {
      await this.addForeignKey(runner);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE `UserKeys` DROP FOREIGN KEY `FK_UserKeys_DataKeys`, DROP COLUMN `DataKeyId`');
    await runner.query('DROP TABLE `DataKeyWrappings`');
    await runner.query('DROP TABLE `DataKeys`');
  }

  /** Every row has NULL there by now, so there is nothing to check; with checks the server would copy the table. */
  private async addForeignKey(runner: QueryRunner): Promise<void> {
    await runner.query('SET SESSION foreign_key_checks = 0');
    try {
      await runner.query(`
        ALTER TABLE \`UserKeys\` ADD CONSTRAINT \`FK_UserKeys_DataKeys\`
          FOREIGN KEY (\`DataKeyId\`) REFERENCES \`DataKeys\` (\`Id\`) ON DELETE RESTRICT`);
    } finally {
      await runner.query('SET SESSION foreign_key_checks = 1').catch(() => undefined);
    }
  }

  /** MyISAM and its like take a foreign key and ignore it, and know no transactions. */
  private async refuseOtherEngines(runner: QueryRunner): Promise<void> {
    if (!(await exists(runner, `TABLES ${userKeys} AND ENGINE <> 'InnoDB'`))) return;
    throw new DatabaseUnsupported(
      'The table UserKeys is not stored by InnoDB, which transactions need. Run ALTER TABLE `UserKeys` ENGINE = InnoDB and start again.',
    );
  }
}

async function exists(runner: QueryRunner, from: string): Promise<boolean> {
  return ((await runner.query(`SELECT 1 FROM information_schema.${from} LIMIT 1`)) as unknown[]).length > 0;
}
