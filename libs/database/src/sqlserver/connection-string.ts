import { z } from 'zod';
import { parseAdoNet } from '../connection-string/ado-net.js';
import { ConnectionStringError } from '../connection-string/connection-string.errors.js';
import { readKeywords, type Keywords } from '../connection-string/keywords.js';
import { name, oneOf, password, poolSize, port, seconds } from '../connection-string/rules.js';
import { isUrl, parseUrl, type UrlKeys } from '../connection-string/url.js';
import { parseServer, type ServerAddress } from './server-address.js';

const yesOrNo = () => oneOf(['True', 'False', 'Yes', 'No']);

/** SqlClient's names, which may be written with or without blanks. */
const authentications = {
  'Sql Password': 'password',
  'Active Directory Default': 'default',
  'Active Directory Managed Identity': 'managed-identity',
  'Active Directory MSI': 'managed-identity',
  'Active Directory Workload Identity': 'workload-identity',
  'Active Directory Service Principal': 'service-principal',
} as const;

type Authentication = (typeof authentications)[keyof typeof authentications];

const compact = (text: string): string => text.replaceAll(/\s/g, '').toLowerCase();
const authenticationOf = new Map<string, Authentication>(
  Object.entries(authentications).map(([known, kind]) => [compact(known), kind]),
);

const rules = {
  server: name(),
  port: port(),
  database: name(),
  userId: name(),
  password: password(),
  encrypt: oneOf(['True', 'False', 'Yes', 'No', 'Strict', 'Mandatory', 'Optional']),
  trustServerCertificate: yesOrNo(),
  hostNameInCertificate: name(),
  authentication: z
    .string()
    .transform((text) => authenticationOf.get(compact(text)))
    .refine((kind) => kind !== undefined, { error: `must be one of ${Object.keys(authentications).join(', ')}` })
    .optional(),
  integratedSecurity: z.string().optional(),
  applicationIntent: oneOf(['ReadWrite', 'ReadOnly']),
  serverCertificate: z.string().optional(),
  columnEncryptionSetting: z.string().optional(),
  attachDbFilename: z.string().optional(),
  userInstance: z.string().optional(),
  contextConnection: z.string().optional(),
  failoverPartner: z.string().optional(),
  networkLibrary: z.string().optional(),
  connectTimeout: seconds(),
  commandTimeout: seconds(),
  applicationName: name(),
  maximumPoolSize: poolSize(),
};

const keywords: Keywords<typeof rules> = {
  rules,
  aliases: {
    server: ['Server', 'Data Source', 'Address', 'Addr', 'Network Address'],
    // ADO.NET writes the port into Server (tcp:host,port); only a URL gives it on its own.
    port: ['Port'],
    database: ['Database', 'Initial Catalog'],
    userId: ['User Id', 'UID', 'User'],
    password: ['Password', 'PWD'],
    encrypt: ['Encrypt'],
    trustServerCertificate: ['TrustServerCertificate'],
    hostNameInCertificate: ['Host Name In Certificate'],
    authentication: ['Authentication'],
    integratedSecurity: ['Integrated Security', 'Trusted_Connection'],
    applicationIntent: ['Application Intent'],
    serverCertificate: ['Server Certificate'],
    columnEncryptionSetting: ['Column Encryption Setting', 'Column Encryption'],
    attachDbFilename: ['AttachDbFilename', 'Extended Properties', 'Initial File Name'],
    userInstance: ['User Instance'],
    contextConnection: ['Context Connection'],
    failoverPartner: ['Failover Partner'],
    networkLibrary: ['Network Library', 'Network', 'Net'],
    connectTimeout: ['Connect Timeout', 'Connection Timeout', 'Timeout'],
    commandTimeout: ['Command Timeout'],
    applicationName: ['Application Name', 'App'],
    maximumPoolSize: ['Max Pool Size'],
  },
  // SqlClient keys that tune a .NET client. All addresses of a name are tried always, so MultiSubnetFailover is as if set.
  ignored: [
    'MultipleActiveResultSets',
    'MultiSubnetFailover',
    'TransparentNetworkIPResolution',
    'IP Address Preference',
    'Persist Security Info',
    'Pooling',
    'Min Pool Size',
    'Pool Blocking Period',
    'Load Balance Timeout',
    'Connection Lifetime',
    'Connect Retry Count',
    'Connect Retry Interval',
    'Connection Reset',
    'Asynchronous Processing',
    'Async',
    'Enlist',
    'Transaction Binding',
    'Replication',
    'Server SPN',
    'Failover Partner SPN',
    'Attestation Protocol',
    'Enclave Attestation Url',
    'Packet Size',
    'Workstation ID',
    'WSID',
    'Type System Version',
    'Current Language',
    'Language',
  ],
};

const urlKeys: UrlKeys = {
  schemes: ['mssql', 'sqlserver'],
  host: 'Server',
  port: 'Port',
  user: 'User Id',
  password: 'Password',
  database: 'Database',
  query: {},
};

const read = (text: string) => readKeywords(isUrl(text) ? parseUrl(text, urlKeys) : parseAdoNet(text), keywords);

type Given = ReturnType<typeof read>;

/** How to reach a SQL Server, with the defaults of Microsoft.Data.SqlClient 4 and later filled in. */
export type SqlserverConnection = Pick<
  Given,
  | 'database'
  | 'userId'
  | 'password'
  | 'hostNameInCertificate'
  | 'connectTimeout'
  | 'commandTimeout'
  | 'applicationName'
  | 'maximumPoolSize'
> &
  ServerAddress & {
    /** `Mandatory` checks the certificate unless it is to be trusted; `Strict` (TDS 8.0) always; `Optional` never. */
    readonly encrypt: 'Optional' | 'Mandatory' | 'Strict';
    readonly trustServerCertificate: boolean;
    readonly authentication: Authentication;
  };

/** Reads a SQL Server connection string as Microsoft.Data.SqlClient does, or an `mssql://` URL. */
export function parseSqlserver(text: string): SqlserverConnection {
  const given = read(text);
  const { server, userId, password, database, hostNameInCertificate, authentication = 'password' } = given;
  const { connectTimeout, commandTimeout, applicationName, maximumPoolSize } = given;
  const problems = [...missingFrom({ ...given, authentication }), ...notFor(given)];
  const address = parseServer(server ?? '', given.port);
  if (typeof address === 'string' && server !== undefined) problems.push(address);
  if (typeof address === 'string' || problems.length > 0) throw new ConnectionStringError(problems);
  return {
    ...{ userId, password, database, hostNameInCertificate, connectTimeout, commandTimeout },
    ...{ applicationName, maximumPoolSize },
    ...address,
    encrypt: encryptionOf(given.encrypt),
    trustServerCertificate: isYes(given.trustServerCertificate),
    authentication,
  };
}

function missingFrom(given: Given & { authentication: Authentication }): string[] {
  const { server, userId, integratedSecurity, authentication } = given;
  const needsUser = authentication === 'password' || authentication === 'service-principal';
  return [
    ...(server === undefined ? ['Server is missing'] : []),
    ...(needsUser && userId === undefined && !isYes(integratedSecurity) ? ['User Id is missing'] : []),
  ];
}

/** Keys that ask for what a key server cannot give, and what to do instead. */
function notFor(given: Given): string[] {
  const refusals: readonly (readonly [asked: boolean, problem: string])[] = [
    [
      isYes(given.integratedSecurity),
      'Integrated Security is not supported: give User Id and Password, or Authentication',
    ],
    [given.applicationIntent === 'ReadOnly', 'Application Intent must not be ReadOnly: keys are stored here'],
    [
      given.serverCertificate !== undefined,
      'Server Certificate is not supported: give the authority of the server by tls.extraCaPath',
    ],
    [
      /^enabled$/i.test(given.columnEncryptionSetting ?? ''),
      'Column Encryption Setting must not be Enabled: members’ keys are encrypted already',
    ],
    [
      given.attachDbFilename !== undefined || isYes(given.userInstance) || isYes(given.contextConnection),
      'AttachDbFilename, User Instance and Context Connection are for a server on the same Windows: use Database',
    ],
    [
      given.failoverPartner !== undefined,
      'Failover Partner is not supported: mirroring has no place here, use the listener of an availability group',
    ],
    [
      given.networkLibrary !== undefined && !/^dbmssocn$/i.test(given.networkLibrary),
      'Network Library must be dbmssocn: only TCP is supported',
    ],
  ];
  return refusals.flatMap(([asked, problem]) => (asked ? [problem] : []));
}

function encryptionOf(encrypt: Given['encrypt']): SqlserverConnection['encrypt'] {
  if (encrypt === 'Strict') return 'Strict';
  return encrypt === 'False' || encrypt === 'No' || encrypt === 'Optional' ? 'Optional' : 'Mandatory';
}

const isYes = (text: string | undefined): boolean => /^(true|yes|sspi)$/i.test(text ?? '');
