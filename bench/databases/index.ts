import type { BenchDatabase } from './database.ts';
import { startPostgreSql } from './postgresql.ts';

// One entry per database; the baselines under bench/baselines need a matching statement.
const starters = { postgresql: startPostgreSql } satisfies Record<string, () => Promise<BenchDatabase>>;

/** A database that the benchmark can start. */
export type DatabaseKind = keyof typeof starters;

export const databaseKinds = Object.keys(starters) as DatabaseKind[];

/** Starts an empty server of the given kind . */
export function startDatabase(kind: DatabaseKind): Promise<BenchDatabase> {
  return starters[kind]();
}
