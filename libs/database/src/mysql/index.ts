import type { Product } from '../dialect/product.js';
import { type MysqlConnection, parseMysql } from './connection-string.js';

/** MySQL and MariaDB. */
export const mysql = {
  name: 'MySQL',
  setting: 'mySqlConnectionString',
  url: 'mysql://',
  parse: parseMysql,
  cloudLogin: ({ server, password, sslMode }) => ({
    hosts: [server],
    hasPassword: password !== undefined,
    encrypted: /^(Required|Verify)/.test(sslMode),
    encryptedBy: 'SslMode Required, VerifyCA or VerifyFull',
  }),
  open: async (settings) => new (await import('./mysql.dialect.js')).MysqlDialect(settings),
} as const satisfies Product<MysqlConnection>;
