import type { z } from 'zod';
import { parseAdoNet } from './ado-net.js';
import { readKeywords, type Keywords } from './keywords.js';
import { name, oneOf, password, poolSize, port, required, seconds } from './rules.js';
import { isUrl, parseUrl, type UrlKeys } from './url.js';

const rules = {
  server: required(),
  port: port(),
  database: name(),
  userId: name(),
  password: password(),
  sslMode: oneOf(['None', 'Preferred', 'Required', 'VerifyCA', 'VerifyFull']),
  sslCa: name(),
  sslCert: name(),
  sslKey: name(),
  connectionTimeout: seconds(),
  commandTimeout: seconds(),
  maximumPoolSize: poolSize(),
};

const keywords: Keywords<typeof rules> = {
  rules,
  aliases: {
    server: ['Server', 'Host', 'Data Source'],
    port: ['Port'],
    database: ['Database', 'Initial Catalog'],
    userId: ['User Id', 'Uid', 'Username', 'User', 'User Name'],
    password: ['Password', 'Pwd'],
    sslMode: ['SslMode'],
    sslCa: ['SslCa'],
    sslCert: ['SslCert'],
    sslKey: ['SslKey'],
    connectionTimeout: ['Connection Timeout', 'Connect Timeout'],
    commandTimeout: ['Default Command Timeout'],
    maximumPoolSize: ['Maximum Pool Size', 'Max Pool Size'],
  },
};

const urlKeys: UrlKeys = {
  schemes: ['mysql', 'mariadb'],
  host: 'Server',
  port: 'Port',
  user: 'User Id',
  password: 'Password',
  database: 'Database',
  query: {},
};

/** How to reach a MySQL server. */
export type MysqlConnection = z.output<z.ZodObject<typeof rules>>;

/** Reads a MySQL connection string as MySqlConnector does, or a `mysql://` URL. */
export const parseMysql = (text: string): MysqlConnection =>
  readKeywords(isUrl(text) ? parseUrl(text, urlKeys) : parseAdoNet(text), keywords);
