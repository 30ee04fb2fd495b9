import type { Product } from '../dialect/product.js';
import { parsePostgresql, type PostgresqlConnection } from './connection-string.js';

/** PostgreSQL, and what speaks its protocol. */
export const postgresql = {
  name: 'PostgreSQL',
  setting: 'postgreSqlConnectionString',
  url: 'postgres://',
  parse: parsePostgresql,
  cloudLogin: ({ endpoints, password, sslMode }) => ({
    hosts: endpoints.map(({ host }) => host),
    hasPassword: password !== undefined,
    encrypted: /^(Require|Verify)/.test(sslMode),
    encryptedBy: 'SSL Mode Require, VerifyCA or VerifyFull',
  }),
  open: async (settings) => new (await import('./postgresql.dialect.js')).PostgresqlDialect(settings),
} as const satisfies Product<PostgresqlConnection>;
