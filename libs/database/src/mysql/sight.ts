import type { Sight } from '../dialect/dialect.js';

const texts = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** In the session's database; in any case where the server keeps names so. */
export const mysqlSight: Sight = {
  place: `SELECT CONCAT('database ', DATABASE()) AS place`,
  tables: (names) => `
    SELECT wanted.name AS name FROM (${names.map((name) => `SELECT '${name}' AS name`).join(' UNION ALL ')}) AS wanted
    JOIN information_schema.TABLES AS found ON found.TABLE_SCHEMA = DATABASE() AND (
      CAST(found.TABLE_NAME AS BINARY) = CAST(wanted.name AS BINARY) OR
      @@lower_case_table_names > 0 AND LOWER(found.TABLE_NAME) = LOWER(wanted.name))`,
  elsewhere: (names) => `
    SELECT DISTINCT CONCAT('the database ', TABLE_SCHEMA) AS place FROM information_schema.TABLES
    WHERE TABLE_NAME IN (${texts(names)}) AND TABLE_SCHEMA <> DATABASE() ORDER BY 1`,
  absent: 'ER_BAD_DB_ERROR',
};
