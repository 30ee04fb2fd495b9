import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DatabaseUnsupported } from '../errors/database.errors.js';
import { sameName } from './sight.js';

/** What is written together with others. Not KeyConnectorMigrations: each of its rows stands by itself. */
const tables = ['UserKeys', 'UserKeyHistory', 'DataKeys', 'DataKeyWrappings', 'RingManifests', 'ApplicationDatas'];

const question = `
  SELECT TABLE_NAME AS name, ENGINE AS engine FROM information_schema.TABLES
  WHERE TABLE_SCHEMA = DATABASE() AND (${tables.map((name) => sameName('TABLE_NAME', `'${name}'`)).join(' OR ')});
  SELECT DATA_TYPE AS type, COLLATION_NAME AS compared FROM information_schema.COLUMNS
  WHERE TABLE_SCHEMA = DATABASE() AND ${sameName('TABLE_NAME', `'UserKeys'`)} AND COLUMN_NAME = 'Id';
  SHOW GLOBAL VARIABLES WHERE Variable_name IN
    ('innodb_flush_log_at_trx_commit', 'log_bin', 'sync_binlog', 'wsrep_on')`;

/** How a table is stored; a view has no engine. */
interface Stored {
  readonly name: string;
  readonly engine: string | null;
}

/** How ids are compared; a column of bytes has no collation. */
interface IdColumn {
  readonly type: string;
  readonly compared: string | null;
}

type Variables = readonly { readonly Variable_name: string; readonly Value: string }[];

/** Looks at what no session can be told: how the tables are stored, and when the server keeps what it acknowledges. */
export class MysqlInspection {
  private readonly logger = new Logger('Database');
  private readonly told = new Set<string>();

  constructor(private readonly database: string) {}

  /**
   * Looks at the tables that are there, and warns once of a server that may lose keys in a crash.
   *
   * @throws DatabaseUnsupported with what to run, when a table would keep what is refused, or hold a member twice.
   */
  async look(manager: EntityManager): Promise<void> {
    const [stored, ids, variables] = await manager.query<[Stored[], IdColumn[], Variables]>(question);
    const problems = [...stored.flatMap(engineProblem), ...ids.flatMap(idProblem)];
    if (problems.length > 0) throw new DatabaseUnsupported(`${this.database}: ${problems.join(' ')}`);
    for (const problem of durabilityProblems(variables)) {
      if (this.told.has(problem)) continue;
      this.told.add(problem);
      this.logger.warn({ msg: problem, database: this.database });
    }
  }
}

function engineProblem({ name, engine }: Stored): string[] {
  if (engine === null || engine.toLowerCase() === 'innodb') return [];
  return [
    `The table ${name} is stored by ${engine}, which knows no transactions, so a key that was refused would be kept. ` +
      `Run ALTER TABLE \`${name}\` ENGINE = InnoDB and start again.`,
  ];
}

/** Collations that tell case apart are named so: `ascii_bin`, `latin1_general_cs`, `utf8mb4_ja_0900_as_cs_ks`. */
function idProblem({ type, compared }: IdColumn): string[] {
  const exact = compared === null ? /^(var)?binary$/i.test(type) : /^binary$|_bin$|_cs(_|$)/i.test(compared);
  if (!exact) return [];
  return [
    `The column Id of UserKeys tells upper and lower case apart (${compared ?? type}), so a member could have two rows. ` +
      'Run ALTER TABLE `UserKeys` MODIFY `Id` char(36) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL and start ' +
      'again. If it finds a duplicate, a member has two rows already: keep the one that opens that vault.',
  ];
}

/**
 * What a crash may cost. A node of a Galera cluster gets from the others what it lost, so its own makers advise not to
 * wait for the disk there.
 */
export function durabilityProblems(variables: Variables): string[] {
  const values = new Map(variables.map(({ Variable_name: name, Value: value }) => [name.toLowerCase(), value]));
  if (values.get('wsrep_on') === 'ON') return [];
  const flushed = values.get('innodb_flush_log_at_trx_commit') ?? '1';
  const synced = values.get('log_bin') === 'ON' ? (values.get('sync_binlog') ?? '1') : '1';
  return [
    // MariaDB's 3 waits for the disk, too.
    ...(/^[13]$/.test(flushed) ? [] : [lossy('innodb_flush_log_at_trx_commit', flushed)]),
    // What the binary log lost is rolled back when the server recovers.
    ...(synced === '1' ? [] : [lossy('sync_binlog', synced)]),
  ];
}

const lossy = (name: string, value: string): string =>
  `A key that was acknowledged may be lost when the server or its machine crashes: its ${name} is ${value}. Set it to 1.`;
