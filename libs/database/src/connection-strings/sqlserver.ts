import type { z } from 'zod';
import { parseAdoNet } from './ado-net.js';
import { readKeywords, type Keywords } from './keywords.js';
import { name, oneOf, password, poolSize, required, seconds, yesNo } from './rules.js';
import { isUrl, parseUrl, type UrlKeys } from './url.js';

const rules = {
  server: required(),
  port: name(),
  database: name(),
  userId: name(),
  password: password(),
  encrypt: oneOf(['True', 'False', 'Yes', 'No', 'Strict', 'Mandatory', 'Optional']),
  trustServerCertificate: yesNo(),
  authentication: oneOf([
    'Sql Password',
    'SqlPassword',
    'Active Directory Default',
    'Active Directory Managed Identity',
    'Active Directory Service Principal',
  ]),
  connectTimeout: seconds(),
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
    authentication: ['Authentication'],
    connectTimeout: ['Connect Timeout', 'Connection Timeout', 'Timeout'],
    applicationName: ['Application Name', 'App'],
    maximumPoolSize: ['Max Pool Size'],
  },
  ignored: ['MultipleActiveResultSets', 'Persist Security Info', 'Pooling', 'Min Pool Size', 'MultiSubnetFailover'],
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

/** How to reach a SQL Server. */
export type SqlserverConnection = z.output<z.ZodObject<typeof rules>>;

/** Reads a SQL Server connection string as Microsoft.Data.SqlClient does, or an `mssql://` URL. */
export const parseSqlserver = (text: string): SqlserverConnection =>
  readKeywords(isUrl(text) ? parseUrl(text, urlKeys) : parseAdoNet(text), keywords);
