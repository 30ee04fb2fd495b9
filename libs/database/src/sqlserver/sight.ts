import type { Sight } from '../dialect/dialect.js';

const texts = (names: readonly string[]): string => names.map((name) => `N'${name}'`).join(', ');

/** In the login's default schema, or in dbo, as statements find their tables. */
export const sqlserverSight: Sight = {
  place: `SELECT CONCAT(N'database ', DB_NAME(), N', schema ', SCHEMA_NAME()) AS [place]`,
  tables: (names) =>
    names
      .map((name) => `SELECT N'${name}' AS [name] WHERE OBJECT_ID(N'[${name}]', N'U') IS NOT NULL`)
      .join('\nUNION ALL '),
  elsewhere: (names) => `
    SELECT DISTINCT CONCAT(N'the schema ', [TABLE_SCHEMA]) AS [place] FROM INFORMATION_SCHEMA.COLUMNS
    WHERE [TABLE_NAME] IN (${texts(names)}) AND [TABLE_SCHEMA] NOT IN (SCHEMA_NAME(), N'dbo') ORDER BY [place]`,
};
