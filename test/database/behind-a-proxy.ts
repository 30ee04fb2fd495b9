import { databaseSettingsSchema } from '@key-connector/database';
import { ownsMariadb } from '../lab/databases/mariadb.server.js';
import { ownsPostgres } from '../lab/databases/postgres.server.js';
import { withServer } from '../lab/databases/sqlserver.client.js';
import { mysqlDatabases, postgresDatabases, sqlserverKinds, type TestDatabases } from './test-database.js';

type Settings = Readonly<Record<string, string>>;

/** A server that can be put behind a proxy, and the settings that lead through it. */
export interface ProxiedKind {
  readonly kind: string;
  readonly possible: boolean;
  readonly reason: string;
  readonly start: () => Promise<TestDatabases>;
  readonly through: (settings: Settings, port: number) => Record<string, string>;
}

/** Another place in a URL that is a connection string. */
const elsewhere =
  (setting: string) =>
  (settings: Settings, port: number): Record<string, string> => {
    const url = new URL(settings[setting] ?? '');
    url.host = `127.0.0.1:${port}`;
    return { [setting]: url.toString() };
  };

/** Every kind of server that can be put behind a proxy. */
export const proxiedKinds: readonly ProxiedKind[] = [
  {
    kind: 'PostgreSQL',
    possible: ownsPostgres,
    reason: 'TEST_POSTGRES_URL names a server elsewhere',
    start: postgresDatabases,
    through: elsewhere('postgreSqlConnectionString'),
  },
  {
    kind: 'MariaDB',
    possible: ownsMariadb,
    reason: 'TEST_MYSQL_URL names a server elsewhere',
    start: mysqlDatabases,
    through: elsewhere('mySqlConnectionString'),
  },
  ...sqlserverKinds.map(({ name, here, reason, start }) => ({
    kind: name,
    possible: here,
    reason,
    start,
    through: ({ sqlServerConnectionString = '' }: Settings, port: number): Record<string, string> => ({
      sqlServerConnectionString: withServer(sqlServerConnectionString, port),
    }),
  })),
];

/** Where the server itself is. */
export function placeOf(settings: Settings): { host: string; port: number } {
  const parsed = databaseSettingsSchema.parse(settings);
  switch (parsed.provider) {
    case 'postgresql':
      return { host: '127.0.0.1', port: parsed.connection.endpoints[0].port };
    case 'mysql':
      return { host: '127.0.0.1', port: parsed.connection.port };
    case 'sqlserver':
      return { host: parsed.connection.host, port: parsed.connection.port ?? 1433 };
    case 'sqlite':
      throw new TypeError('a file is not behind a network');
  }
}
