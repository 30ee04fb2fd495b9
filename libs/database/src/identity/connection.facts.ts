import type { MysqlConnection } from '../mysql/connection-string.js';
import type { PostgresqlConnection } from '../postgresql/connection-string.js';
import type { ConnectionFacts } from './cloud-identity.js';

/** What a login by token has to know of a PostgreSQL connection string. */
export const factsOfPostgresql = ({ endpoints, password, sslMode }: PostgresqlConnection): ConnectionFacts => ({
  hosts: endpoints.map(({ host }) => host),
  password,
  encrypted: /^(Require|Verify)/.test(sslMode),
  encryptedBy: 'SSL Mode Require, VerifyCA or VerifyFull',
});

/** The same for MySQL. */
export const factsOfMysql = ({ server, password, sslMode }: MysqlConnection): ConnectionFacts => ({
  hosts: [server],
  password,
  encrypted: /^(Required|Verify)/.test(sslMode),
  encryptedBy: 'SslMode Required, VerifyCA or VerifyFull',
});
