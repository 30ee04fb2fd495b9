import type { BenchDatabase } from './database.ts';
import { startMysql } from './mysql.ts';
import { startPostgreSql } from './postgresql.ts';
import { startSqlite } from './sqlite.ts';

// One entry per database; the baselines need a matching store in bench/baselines/stores.
const starters = { postgresql: startPostgreSql, mysql: startMysql, sqlite: startSqlite } satisfies Record<
  string,
  () => Promise<BenchDatabase>
>;

/** A database that the benchmark can start. */
export type DatabaseKind = keyof typeof starters;

export const databaseKinds = Object.keys(starters) as DatabaseKind[];

/** Starts an empty server of the given kind . */
export function startDatabase(kind: DatabaseKind): Promise<BenchDatabase> {
  return starters[kind]();
}
