import { parseAdoNet } from '../connection-string/ado-net.js';
import { ConnectionStringError } from '../connection-string/connection-string.errors.js';
import { readKeywords } from '../connection-string/keywords.js';
import { isUrl, parseUrl } from '../connection-string/url.js';
import { type Authentication, keywords, urlKeys } from './keywords.js';
import { parseServer, type ServerAddress } from './server-address.js';

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
  const given = read(text.trim());
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
