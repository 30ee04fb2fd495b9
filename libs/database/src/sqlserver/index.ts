import type { Product } from '../dialect/product.js';
import { parseSqlserver, type SqlserverConnection } from './connection-string.js';

/** SQL Server and Azure SQL. */
export const sqlserver = {
  name: 'SQL Server',
  setting: 'sqlServerConnectionString',
  url: 'mssql://',
  parse: parseSqlserver,
  cloudLogin: 'SQL Server takes Authentication=Active Directory … in its connection string',
  open: async (settings) => new (await import('./sqlserver.dialect.js')).SqlserverDialect(settings),
} as const satisfies Product<SqlserverConnection>;
