import { z } from 'zod';
import { choice, flag, integer, secretText, text } from '@key-connector/common';
import { ConnectionStringError } from './connection-string/connection-string.errors.js';
import { parseMysql, type MysqlConnection } from './mysql/connection-string.js';
import { parsePostgresql, type PostgresqlConnection } from './postgresql/connection-string.js';
import { parseSqlite, type SqliteConnection } from './sqlite/connection-string.js';
import { chooseIdentity, type CloudIdentity, type ConnectionFacts } from './identity/cloud-identity.js';
import { factsOfMysql, factsOfPostgresql } from './identity/connection.facts.js';
import { parseSqlserver, type SqlserverConnection } from './sqlserver/connection-string.js';

const connectionString = (product: string, url?: string) =>
  secretText(`ADO.NET connection string of ${product}${url === undefined ? '' : `, or a ${url} URL`}.`).optional();

const fields = z.strictObject({
  provider: choice('Which database holds the keys.', ['postgresql', 'sqlite', 'mysql', 'sqlserver', 'json', 'mongo']),
  postgreSqlConnectionString: connectionString('PostgreSQL', 'postgres://'),
  sqliteConnectionString: connectionString('SQLite'),
  mySqlConnectionString: connectionString('MySQL', 'mysql://'),
  sqlServerConnectionString: connectionString('SQL Server', 'mssql://'),
  identity: choice(
    'How the service logs in to PostgreSQL or MySQL. `password`: by the connection string. `entra`: by tokens of Microsoft Entra (Azure Database). `awsRdsIam`: by tokens of AWS IAM (RDS, Aurora). Tokens need an SSL mode that always encrypts.',
    ['password', 'entra', 'awsRdsIam'],
  ).default('password'),
  awsRegion: text('AWS region of the database; where it is not given, the RDS host name tells it.').optional(),
  entraClientId: text(
    'Client id of the user-assigned or workload identity to log in as; where it is not given, the platform’s default.',
  ).optional(),
  jsonFilePath: text(
    'Where an existing deployment keeps its JSON file. It is not read: see `database__importJsonFilePath`.',
  ).optional(),
  importJsonFilePath: text(
    'JSON file of an existing deployment that is imported at start, before the first request. Nothing that the database holds is overwritten, so it may stay set.',
  ).optional(),
  migrate: flag('Create and update the tables at start; when false, a start with pending migrations fails.').default(
    true,
  ),
  connectTimeoutSeconds: integer('Longest wait for a server at start, for each host.', { min: 1, max: 300 }).default(5),
  acquireTimeoutSeconds: integer('Longest wait for a connection of the pool before a request is answered 503.', {
    min: 1,
    max: 300,
  }).default(5),
  statementTimeoutSeconds: integer('Longest run of one statement before it is cancelled.', {
    min: 1,
    max: 300,
  }).default(10),
});

type Fields = z.output<typeof fields>;
type Limits = Pick<
  Fields,
  'importJsonFilePath' | 'migrate' | 'connectTimeoutSeconds' | 'acquireTimeoutSeconds' | 'statementTimeoutSeconds'
>;

/** Without it the connection string's password logs in. */
interface MaybeIdentity {
  readonly identity?: CloudIdentity | undefined;
}

/** Validated settings of the chosen database. */
export type DatabaseSettings = Readonly<Limits> &
  (
    | ({ readonly provider: 'postgresql'; readonly connection: PostgresqlConnection } & MaybeIdentity)
    | ({ readonly provider: 'mysql'; readonly connection: MysqlConnection } & MaybeIdentity)
    | { readonly provider: 'sqlite'; readonly connection: SqliteConnection }
    | { readonly provider: 'sqlserver'; readonly connection: SqlserverConnection }
  );

/** `database__*`: names of existing deployments, and limits of our own. */
export const databaseSettingsSchema = fields.transform((settings, context): DatabaseSettings => {
  const { importJsonFilePath, migrate, connectTimeoutSeconds, acquireTimeoutSeconds, statementTimeoutSeconds } =
    settings;
  const limits = { importJsonFilePath, migrate, connectTimeoutSeconds, acquireTimeoutSeconds, statementTimeoutSeconds };
  const refuse = (path: keyof Fields, message: string): void => {
    context.addIssue({ code: 'custom', path: [path], message });
  };

  /** Parses one connection string; what is wrong with it is reported under its own path. */
  const parse = <T>(path: keyof Fields, parser: (value: string) => T): T | undefined => {
    const value = settings[path];
    if (typeof value !== 'string') {
      refuse(path, `is required when database.provider is ${settings.provider}`);
      return undefined;
    }
    try {
      return parser(value);
    } catch (error) {
      if (!(error instanceof ConnectionStringError)) throw error;
      for (const problem of error.problems) refuse(path, problem);
      return undefined;
    }
  };

  const identityFor = (path: keyof Fields, facts: ConnectionFacts): CloudIdentity | undefined =>
    chooseIdentity(settings, facts, (at, message) => {
      refuse(at === 'connectionString' ? path : at, message);
    });

  switch (settings.provider) {
    case 'postgresql': {
      const connection = parse('postgreSqlConnectionString', parsePostgresql);
      if (!connection) return z.NEVER;
      const identity = identityFor('postgreSqlConnectionString', factsOfPostgresql(connection));
      return { provider: 'postgresql', connection, identity, ...limits };
    }
    case 'sqlite': {
      if (settings.identity !== 'password') refuse('identity', 'must be password: an SQLite file has no login');
      const connection = parse('sqliteConnectionString', parseSqlite);
      return connection ? { provider: 'sqlite', connection, ...limits } : z.NEVER;
    }
    case 'mysql': {
      const connection = parse('mySqlConnectionString', parseMysql);
      if (!connection) return z.NEVER;
      const identity = identityFor('mySqlConnectionString', factsOfMysql(connection));
      return { provider: 'mysql', connection, identity, ...limits };
    }
    case 'sqlserver': {
      if (settings.identity !== 'password')
        refuse(
          'identity',
          'must be password: SQL Server takes Authentication=Active Directory … in its connection string',
        );
      const connection = parse('sqlServerConnectionString', parseSqlserver);
      return connection ? { provider: 'sqlserver', connection, ...limits } : z.NEVER;
    }
    case 'json':
      refuse(
        'provider',
        'json is import only: a plain file cannot keep two writers apart; choose another database, and bring the file into it ' +
          'by database__importJsonFilePath or by "key-connector import json <file>"',
      );
      return z.NEVER;
    case 'mongo':
      refuse(
        'provider',
        'mongo is not supported: the guarantees against lost keys rest on SQL constraints; use postgresql, mysql, sqlserver or sqlite',
      );
      return z.NEVER;
  }
});
