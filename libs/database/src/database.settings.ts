import { choice, flag, integer, secret, type Secret, text } from '@key-connector/common';
import { z } from 'zod';
import { ConnectionStringError } from './connection-string/connection-string.errors.js';
import type { Product } from './dialect/product.js';
import { chooseIdentity } from './identity/cloud-identity.js';
import { type ConnectionSetting, type Provider, products, type SettingsOf } from './products.js';

const connectionString = ({ name, url }: Pick<Product<never>, 'name' | 'url'>) =>
  secret(`ADO.NET connection string of ${name}${url === undefined ? '' : `, or a ${url} URL`}.`).optional();

// Object.fromEntries forgets which keys there are.
const connectionStrings = Object.fromEntries(
  Object.values(products).map((product) => [product.setting, connectionString(product)]),
) as Readonly<Record<ConnectionSetting, ReturnType<typeof connectionString>>>;

/** Providers of existing deployments that are known and not taken, with what to do instead. */
const refused = {
  json:
    'json is import only: a plain file cannot keep two writers apart; choose another database, and bring the file into it ' +
    'by database__importJsonFilePath or by "key-connector import json <file>" (the file of an existing deployment that ' +
    'names none is /etc/bitwarden/data.json)',
  mongo:
    'mongo is not supported: the guarantees against lost keys rest on SQL constraints; use postgresql, mysql, sqlserver or sqlite',
};

type Word = Provider | keyof typeof refused;

const fields = z.strictObject({
  provider: choice(
    'Which database holds the keys.',
    // Object.keys forgets which there are; there is at least one.
    Object.keys({ ...products, ...refused }) as [Word, ...Word[]],
    'an existing deployment that names none keeps its keys in the file /etc/bitwarden/data.json: choose a database, and bring ' +
      'the file into it by database__importJsonFilePath',
  ),
  ...connectionStrings,
  identity: choice(
    'How the service logs in to PostgreSQL or MySQL. `password`: by the connection string. `entra`: by tokens of Microsoft Entra (Azure Database). `awsRdsIam`: by tokens of AWS IAM (RDS, Aurora). Tokens need an SSL mode that always encrypts.',
    ['password', 'entra', 'awsRdsIam'],
  ).default('password'),
  awsRegion: text(
    'AWS region of the database, where it has no RDS host name that tells it; otherwise `AWS_REGION` counts.',
  ).optional(),
  entraClientId: text(
    'Client id of the user-assigned or workload identity to log in as; where it is not given, the platform’s default.',
  ).optional(),
  mongoConnectionString: secret(
    'MongoDB connection string of an existing deployment. It is not read: MongoDB is not supported.',
  ).optional(),
  mongoDatabaseName: text('MongoDB database of an existing deployment. It is not read.').optional(),
  jsonFilePath: text(
    'Where an existing deployment keeps its JSON file. It is not read: see `database__importJsonFilePath`.',
  ).optional(),
  importJsonFilePath: text(
    'JSON file of an existing deployment that is imported at start, before the first request. Nothing that the database holds is overwritten, so it may stay set.',
  ).optional(),
  expect: choice(
    'What a start must find where the connection leads, before it makes a table or a data key; otherwise it ends, and says where it looked. `existing`: a deployment, which is a data key or a member’s key, classic or ours. `empty`: none of its tables, for one first start. `any`: whatever is there.',
    ['existing', 'empty', 'any'],
  ).default('any'),
  migrate: flag('Create and update the tables at start; when false, a start with pending migrations fails.').default(
    true,
  ),
  allowStaleReads: flag(
    'MySQL and MariaDB in a Galera cluster: reads at one node do not wait for what another one has acknowledged. Faster by a round trip of the cluster, and a member may be given an old key, or none, just after storing one.',
  ).default(false),
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

/**
 * The settings of `database__*` that nobody looks at, because another provider is chosen: existing deployments keep
 * them, and they must not end a start. None where the choice is wrong itself.
 *
 * @example
 * leftoverDatabaseSettings('sqlite'); // ['postgreSqlConnectionString', 'mySqlConnectionString', …]
 */
export function leftoverDatabaseSettings(provider: unknown): string[] {
  const chosen = fields.shape.provider.safeParse(provider).data;
  if (chosen === undefined) return [];
  const others = Object.entries(products).filter(([name]) => name !== chosen);
  return [...others.map(([, { setting }]) => setting), 'mongoConnectionString', 'mongoDatabaseName', 'jsonFilePath'];
}

type Fields = z.output<typeof fields>;
type Refuse = (path: keyof Fields, message: string) => void;

/** Checked settings of the chosen database: `provider` tells which connection they hold. */
export type DatabaseSettings = { readonly [P in Provider]: SettingsOf<P> }[Provider];

/**
 * `database__*`: names of existing deployments, and limits of our own. Only the chosen provider's connection string is
 * looked at, so leftovers of others do no harm.
 *
 * @example
 * databaseSettingsSchema.parse({ provider: 'sqlite', sqliteConnectionString: 'Data Source=/data/keys.db' });
 */
export const databaseSettingsSchema = fields.transform((given, context): DatabaseSettings => {
  const refuse: Refuse = (path, message) => {
    context.addIssue({ code: 'custom', path: [path], message });
  };
  const { provider, expect, migrate } = given;
  if (expect === 'empty' && !migrate)
    refuse(
      'expect',
      'must not be empty when database.migrate is false: the tables are then there before the first start',
    );
  if (provider === 'json' || provider === 'mongo') {
    refuse('provider', refused[provider]);
    return z.NEVER;
  }
  // One provider's connection with that provider's word: the compiler sees any of them with any.
  return (settingsOf(provider, given, refuse) as DatabaseSettings | undefined) ?? z.NEVER;
});

function settingsOf<P extends Provider>(provider: P, given: Fields, refuse: Refuse): SettingsOf<P> | undefined {
  const { importJsonFilePath, expect, migrate, allowStaleReads } = given;
  const { connectTimeoutSeconds, acquireTimeoutSeconds, statementTimeoutSeconds } = given;
  const limits = {
    ...{ importJsonFilePath, expect, migrate, allowStaleReads },
    ...{ connectTimeoutSeconds, acquireTimeoutSeconds, statementTimeoutSeconds },
  };
  const product = products[provider];
  const { cloudLogin } = product;
  const setting: ConnectionSetting = product.setting;
  if (typeof cloudLogin === 'string' && given.identity !== 'password')
    refuse('identity', `must be password: ${cloudLogin}`);
  const connection = connectionOf(product, given[setting], provider, (message) => {
    refuse(setting, message);
  });
  if (connection === undefined) return undefined;
  if (typeof cloudLogin === 'string') return { provider, connection, identity: undefined, ...limits };
  const identity = chooseIdentity(given, cloudLogin(connection), (at, message) => {
    refuse(at === 'connectionString' ? setting : at, message);
  });
  return { provider, connection, identity, ...limits };
}

/** The chosen connection string, read. */
function connectionOf<Connection>(
  { parse }: Product<Connection>,
  given: Secret | undefined,
  provider: string,
  refuse: (message: string) => void,
): Connection | undefined {
  if (given === undefined) {
    refuse(`is required when database.provider is ${provider}`);
    return undefined;
  }
  // No key and no scheme begins with a quote: whatever else could be said comes of it.
  if (quoted.test(given.reveal())) {
    refuse('must not stand in quotes as a whole');
    return undefined;
  }
  try {
    return parse(given.reveal());
  } catch (error) {
    if (!(error instanceof ConnectionStringError)) throw error;
    for (const problem of error.problems) refuse(problem);
    return undefined;
  }
}

const quoted = /^\s*(?:"[^]*"|'[^]*'|“[^]*”|‘[^]*’|`[^]*`)\s*$/;
