import type { Sight } from '../dialect/dialect.js';

const texts = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** By the search path, as statements find their tables. */
export const postgresqlSight: Sight = {
  place: `
    SELECT 'search path ' || current_setting('search_path') || ', which leads to ' ||
      coalesce(nullif(array_to_string(current_schemas(false), ', '), ''), 'no schema that is there') AS "place"`,
  tables: (names) => `
    SELECT name AS "name" FROM unnest(ARRAY[${texts(names)}]) AS name WHERE to_regclass(format('%I', name)) IS NOT NULL`,
  elsewhere: (names) => `
    SELECT DISTINCT 'the schema ' || nspname AS "place" FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relname IN (${texts(names)}) AND nspname <> ALL (current_schemas(true)) ORDER BY 1`,
  absent: '3D000',
};
