import { z } from 'zod';
import { alike, type Keywords } from '../connection-string/key-table.js';
import { name, oneOf, password, poolSize, port, seconds } from '../connection-string/rules.js';
import type { UrlKeys } from '../connection-string/url.js';

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

/** How the service logs in. */
export type Authentication = (typeof authentications)[keyof typeof authentications];

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

/** The keys of Microsoft.Data.SqlClient. */
export const keywords: Keywords<typeof rules> = {
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
  // SqlClient keys that tune a .NET client. All addresses of a name are tried always, so MultiSubnetFailover is as if
  // set.
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
    'MARS Connection',
    // Of URLs: what Prisma and others tune there.
    'pool_timeout',
    'socket_timeout',
  ],
  refused: {
    ...alike(['SSL', 'SSL Mode'], 'is not taken: write Encrypt=True, which is the default'),
    'Use Encryption For Data': 'is of an OLE DB connection string: write Encrypt=True, which is the default',
    Driver: 'is of an ODBC connection string: write that of ADO.NET, without it and without braces',
    ...alike(
      ['DSN', 'FileDSN'],
      'is of an ODBC connection string: write that of ADO.NET, with Server, Database, User Id and Password',
    ),
    SaveFile: 'is of an ODBC connection string: leave it out',
    ...alike(['Provider', 'OLE DB Services'], 'is of an OLE DB connection string: leave it out'),
    'File Name':
      'is of an OLE DB connection string: write that of ADO.NET, with Server, Database, User Id and Password',
    'Access Token': 'is not taken: write Authentication=Active Directory Default',
    'Database Name': 'is the word of JDBC: write Database',
    'Server Name': 'is the word of JDBC: write Server',
    'Port Number': 'is the word of JDBC: write the port behind the host, Server=host,1433',
    'Instance Name': String.raw`is the word of JDBC: write the instance behind the host, Server=host\instance`,
    'Authentication Scheme': 'is of JDBC: write User Id and Password, or Authentication',
  },
};

/** What a URL's parameters are called: they are the keys themselves, but for Prisma's. */
export const urlKeys: UrlKeys = {
  schemes: ['mssql', 'sqlserver'],
  host: 'Server',
  port: 'Port',
  user: 'User Id',
  password: 'Password',
  database: 'Database',
  query: { connection_limit: 'Max Pool Size' },
};
