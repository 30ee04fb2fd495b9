import type { Sight } from '../dialect/dialect.js';

const texts = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** Whether two names of tables are one, as the server keeps names. */
export const sameName = (one: string, other: string): string =>
  `(CAST(${one} AS BINARY) = CAST(${other} AS BINARY) OR @@lower_case_table_names > 0 AND LOWER(${one}) = LOWER(${other}))`;

/** In the session's database; in any case where the server keeps names so. */
export const mysqlSight: Sight = {
  place: `SELECT CONCAT('database ', DATABASE()) AS place`,
  tables: (names) => `
    SELECT wanted.name AS name FROM (${names.map((name) => `SELECT '${name}' AS name`).join(' UNION ALL ')}) AS wanted
    JOIN information_schema.TABLES AS found ON found.TABLE_SCHEMA = DATABASE()
      AND ${sameName('found.TABLE_NAME', 'wanted.name')}`,
  elsewhere: (names) => `
    SELECT DISTINCT CONCAT('the database ', TABLE_SCHEMA) AS place FROM information_schema.TABLES
    WHERE TABLE_NAME IN (${texts(names)}) AND TABLE_SCHEMA <> DATABASE() ORDER BY 1`,
  absent: 'ER_BAD_DB_ERROR',
};
