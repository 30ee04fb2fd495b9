import { type DataSource, QueryResult, type QueryRunner } from 'typeorm';

/** A query runner that changes nothing, and what it was told to do. */
export interface Recording {
  readonly runner: QueryRunner;
  readonly statements: string[];
}

/** Statements that only look: SELECT, MySQL's SHOW, and SQLite's PRAGMA as a question. */
const looks = /^\s*(SELECT|SHOW|PRAGMA\s+\w+\s*\()\b/i;

/**
 * Reads go to the database, so that a migration sees what is there; everything else is written down instead of sent.
 */
export function recordOnDatabase(source: DataSource): Recording {
  const runner = source.createQueryRunner();
  const ask = runner.query.bind(runner);
  return record(runner, (sql, parameters) => ask(sql, parameters) as Promise<unknown>);
}

/** As on an empty database; the data source need not be open. */
export function recordOnNothing(source: DataSource): Recording {
  const runner = source.createQueryRunner();
  runner.hasTable = runner.hasColumn = () => Promise.resolve(false);
  return record(runner, () => Promise.resolve([]));
}

/**
 * TypeORM's own helpers (`createTable`, the manager's query builders) come to `query` of the same object in the end.
 */
function record(runner: QueryRunner, read: (sql: string, parameters?: unknown[]) => Promise<unknown>): Recording {
  const statements: string[] = [];
  const query = (sql: string, parameters: unknown[] = [], structured = false): Promise<unknown> => {
    if (looks.test(sql)) return read(sql, parameters);
    if (parameters.length > 0)
      throw new Error('A statement of a migration has its values in it: a script has no others.');
    statements.push(sql);
    return Promise.resolve(structured ? new QueryResult() : []);
  };
  runner.query = query as QueryRunner['query'];
  return { runner, statements };
}
