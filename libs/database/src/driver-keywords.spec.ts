import { describe, expect, test } from '@jest/globals';
import { parseMysql } from './mysql/connection-string.js';
import { parsePostgresql } from './postgresql/connection-string.js';
import { parseSqlite } from './sqlite/connection-string.js';
import { parseSqlserver } from './sqlserver/connection-string.js';
import { driverKeywords } from './testing/driver-keywords.js';
import { ConnectionStringError } from './connection-string/connection-string.errors.js';

const parsers = { postgresql: parsePostgresql, mysql: parseMysql, sqlserver: parseSqlserver, sqlite: parseSqlite };
const starts = {
  postgresql: ['Host=h;Username=u;', 'postgres://u@h/d?'],
  mysql: ['Server=h;Database=d;User=u;', 'mysql://u@h/d?'],
  sqlserver: ['Server=h;User=u;', 'mssql://u@h/d?'],
  sqlite: ['Data Source=/d;', ''],
} as const;

const problemsOf = (parse: (text: string) => unknown, text: string): readonly string[] => {
  try {
    parse(text);
    return [];
  } catch (error) {
    if (!(error instanceof ConnectionStringError)) throw error;
    return error.problems;
  }
};

const products = Object.keys(parsers) as (keyof typeof parsers)[];

describe.each(products)('every key of the drivers of %s', (product) => {
  const parse = parsers[product];
  const [pairs, url] = starts[product];
  const { connectionString, url: parameters } = driverKeywords[product];
  const cases = [
    ...connectionString.map((key) => [key, `${pairs}${key}=hunter2!`]),
    ...parameters.map((key) => [`?${key}`, `${url}${key}=hunter2!`]),
  ];

  test.each(cases)('%s is taken, ignored, or refused with what to do instead', (_, text = '') => {
    const problems = problemsOf(parse, text);
    for (const problem of problems) {
      expect(problem).not.toMatch(/not a known key|hunter2/);
      // A rule ("must be a whole number"), or the setting or the key to write.
      expect(problem).toMatch(/\bmust\b|: .*(write|give|use|leave|set|Decrypt|make)|go together/);
    }
  });
});

describe('what is asked for and not done here is refused with what to write', () => {
  test.each<[keyof typeof parsers, string, RegExp]>([
    ['postgresql', 'Passfile=/p', /^Passfile is not read: give Password, .*database__postgreSqlConnectionString_FILE/],
    ['postgresql', 'Require Auth=ScramSHA256', /^Require Auth must be All: leave it out/],
    ['postgresql', 'SSL Negotiation=Direct', /^SSL Negotiation must be Postgres/],
    ['postgresql', 'GSS Encryption Mode=Require', /^GSS Encryption Mode must be Disable or Prefer/],
    ['postgresql', 'Ssl=true', /^SSL is not taken: write SSL Mode=Require/],
    ['postgresql', 'Replication Mode=Logical', /^Replication Mode must be Off/],
    ['postgresql', 'sslrootcert=/ca.pem', /^sslrootcert is the word of libpq: write Root Certificate/],
    ['mysql', 'Certificate File=/c.pfx', /^Certificate File is not taken: give SslCert and SslKey, both PEM/],
    ['mysql', 'Certificate Password=hunter2', /^Certificate Password is not taken/],
    ['mysql', 'Certificate Store Location=CurrentUser', /^Certificate Store Location must be None: give SslCert/],
    ['mysql', 'Server RSA Public Key File=/k', /^Server RSA Public Key File is not read: write SslMode=VerifyFull/],
    ['mysql', 'Ssl=true', /^SSL is not taken: write SslMode=Required/],
    ['mysql', 'Pipe=MYSQL', /^Pipe is of Windows: give Server/],
    ['mysql', 'Password2=hunter2', /^Password2 is not taken/],
    ['sqlserver', 'Driver={SQL Server}', /^Driver is of an ODBC connection string: write that of ADO\.NET/],
    ['sqlserver', 'Provider=MSOLEDBSQL', /^Provider is of an OLE DB connection string: leave it out/],
    ['sqlite', 'Vfs=unix-none', /^VFS is not taken/],
  ])('%s: %s', (product, pair, message) => {
    expect(problemsOf(parsers[product], starts[product][0] + pair)).toEqual([expect.stringMatching(message)]);
  });

  test.each<[keyof typeof parsers, string]>([
    [
      'postgresql',
      'SSL Negotiation=Postgres;GSS Encryption Mode=Disable;Require Auth=All;Replication Mode=Off;Passfile=',
    ],
    ['mysql', 'Certificate Store Location=None;Integrated Security=false;Certificate Password=;dns-srv=false'],
    ['sqlserver', 'Integrated Security=false;Column Encryption Setting=Disabled;User Instance=no'],
  ])('%s: what asks for nothing is taken: %s', (product, end) => {
    expect(problemsOf(parsers[product], starts[product][0] + end)).toEqual([]);
  });
});

describe('a URL as hosting providers print it', () => {
  test.each<[string, string, object]>([
    [
      'DigitalOcean',
      'postgresql://doadmin:p@db.ondigitalocean.com:25060/defaultdb?sslmode=require',
      { sslMode: 'Require' },
    ],
    ['Aiven', 'postgres://avnadmin:p@pg.aivencloud.com:21699/defaultdb?sslmode=require', { sslMode: 'Require' }],
    ['Render', 'postgresql://u:p@dpg-a.frankfurt-postgres.render.com/keys', { database: 'keys' }],
    ['Railway', 'postgresql://postgres:p@containers.railway.app:6543/railway', { database: 'railway' }],
    ['Heroku', 'postgres://u:p@ec2.compute-1.amazonaws.com:5432/d?sslmode=no-verify', { sslMode: 'Require' }],
    [
      'Supabase, Prisma',
      'postgres://postgres.ref:p@aws-0.pooler.supabase.com:6543/postgres?pgbouncer=true&connection_limit=1',
      { username: 'postgres.ref', maximumPoolSize: 1 },
    ],
    [
      'Prisma',
      'postgresql://u:p@h:5432/d?schema=keys&pool_timeout=5&connect_timeout=9',
      { searchPath: 'keys', timeout: 9 },
    ],
    [
      'PlanetScale',
      'postgresql://u:p@aws.connect.psdb.cloud/d?sslmode=verify-full&sslrootcert=system',
      { sslMode: 'VerifyFull', rootCertificate: 'system' },
    ],
    ['libpq', 'postgresql://u:p@h/d?sslrootcert=system', { sslMode: 'VerifyFull', rootCertificate: 'system' }],
    [
      'Cockroach',
      'postgresql://u:p@free.cockroachlabs.cloud:26257/d?sslmode=verify-full&options=--cluster%3Dname-123',
      { options: '--cluster=name-123' },
    ],
    [
      'Neon',
      'postgres://u:p@ep-x.eu-central-1.aws.neon.tech/d?sslmode=require&options=endpoint%3Dep-x',
      { options: 'endpoint=ep-x' },
    ],
    [
      'Cloud SQL',
      'postgresql://u:p@/d?host=/cloudsql/project:region:instance',
      { endpoints: [{ host: '/cloudsql/project:region:instance', port: 5432 }] },
    ],
    [
      'a socket',
      'postgresql://u@%2Fvar%2Frun%2Fpostgresql/d',
      { endpoints: [{ host: '/var/run/postgresql', port: 5432 }] },
    ],
    [
      'YugabyteDB',
      'postgresql://u:p@h:5433/d?ssl=true&sslmode=verify-full&load_balance_hosts=disable',
      { sslMode: 'VerifyFull' },
    ],
  ])('of %s leads where it says: %s', (_, text, expected) => {
    expect(parsePostgresql(text)).toMatchObject(expected);
  });

  test.each<[string, string, object]>([
    [
      'DigitalOcean',
      'mysql://doadmin:p@db.ondigitalocean.com:25060/defaultdb?ssl-mode=REQUIRED',
      { sslMode: 'Required' },
    ],
    [
      'PlanetScale, Prisma',
      'mysql://u:pscale_pw_x@aws.connect.psdb.cloud/d?sslaccept=strict',
      { sslMode: 'VerifyFull' },
    ],
    [
      'Prisma',
      'mysql://u:p@h/d?sslaccept=accept_invalid_certs&connection_limit=3',
      { sslMode: 'Required', maximumPoolSize: 3 },
    ],
    [
      'PlanetScale',
      'mysql://u:p@h/d?sslmode=verify_identity&sslrootcert=system',
      { sslMode: 'VerifyFull', sslCa: 'system' },
    ],
    ['Aiven', 'mysql://avnadmin:p@mysql.aivencloud.com:21699/defaultdb?ssl-mode=REQUIRED', { sslMode: 'Required' }],
    [
      'Cloud SQL',
      'mysql://u:p@localhost/d?socket=/cloudsql/project:region:instance',
      { server: '/cloudsql/project:region:instance' },
    ],
    [
      'JDBC’s habits',
      'mysql://u:p@h/d?sslMode=VERIFY_CA&serverTimezone=UTC&allowPublicKeyRetrieval=true',
      { sslMode: 'VerifyCA' },
    ],
    [
      'Azure’s portal',
      'Server="keys.mysql.database.azure.com";UserID = "u";Password="p";Database="d";SslMode=MySqlSslMode.Required;SslCa="/ca.pem";',
      { sslMode: 'Required', sslCa: '/ca.pem' },
    ],
  ])('of %s leads where it says: %s', (_, text, expected) => {
    expect(parseMysql(text)).toMatchObject(expected);
  });

  test('of Azure’s portal for SQL leads where it says', () => {
    const text =
      'Server=tcp:keys.database.windows.net,1433;Initial Catalog=keys;Persist Security Info=False;User ID=u;Password=p;' +
      'MultipleActiveResultSets=False;Encrypt=True;TrustServerCertificate=False;Connection Timeout=30;';
    expect(parseSqlserver(text)).toMatchObject({ host: 'keys.database.windows.net', encrypt: 'Mandatory' });
  });

  test.each<[string, keyof typeof parsers, string, RegExp]>([
    [
      'Neon',
      'postgresql',
      'postgres://u:p@h/d?sslmode=require&channel_binding=require',
      /^Channel Binding must be .*write Prefer/,
    ],
    ['node-postgres', 'postgresql', 'postgres://u:p@h/d?ssl=true', /^SSL is not taken: write SSL Mode=Require/],
    ['two minds', 'postgresql', 'postgres://u:p@h/d?ssl=true&sslmode=disable', /^SSL is not taken: write SSL Mode/],
    ['two minds', 'mysql', 'mysql://u:p@h/d?ssl=true&ssl-mode=DISABLED', /^SSL is not taken: write SslMode/],
    [
      'Prisma',
      'postgresql',
      'postgres://u:p@h/d?sslaccept=strict',
      /^sslaccept is not taken: write sslmode=verify-full/,
    ],
    [
      'libpq',
      'postgresql',
      'postgres://u:p@h/d?sslmode=require&sslrootcert=system',
      /^SSL Mode must be VerifyFull with/,
    ],
    ['mysql2', 'mysql', 'mysql://u:p@h/d?ssl={"rejectUnauthorized":true}', /^SSL is not taken: write SslMode=Required/],
    ['JDBC', 'mysql', 'mysql://u:p@h/d?useSSL=true', /^Use SSL is not taken: write SslMode=Required/],
    ['Prisma', 'sqlserver', 'sqlserver://h:1433;database=d;user=u;password=p', /^the URL has a ; behind the host/],
  ])('of %s for %s says which word to change: %s', (_, product, text, message) => {
    expect(problemsOf(parsers[product], text)).toEqual([expect.stringMatching(message)]);
  });
});
