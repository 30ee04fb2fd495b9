import { randomInt } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { parseMysql } from './mysql/connection-string.js';
import { parsePostgresql } from './postgresql/connection-string.js';
import { parseSqlite } from './sqlite/connection-string.js';
import { parseSqlserver } from './sqlserver/connection-string.js';
import { ConnectionStringError } from './connection-string/connection-string.errors.js';

const products = {
  postgresql: { parse: parsePostgresql, scheme: 'postgres', start: 'Host=h;Database=d;Username=u' },
  mysql: { parse: parseMysql, scheme: 'mysql', start: 'Server=h;Database=d;User Id=u' },
  sqlserver: { parse: parseSqlserver, scheme: 'mssql', start: 'Server=h;Database=d;User Id=u' },
};

/** What is said of a text that must be refused; whatever a program prints of it, no piece of the password is in it. */
function refusal(parse: (text: string) => unknown, text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof ConnectionStringError)) throw error;
    expect(inspect(error.problems)).not.toMatch(/hunter2|secret|tail/i);
    return error.problems.join('\n');
  }
  throw new Error(`${text} was taken`);
}

describe.each(Object.entries(products))('the tail of a password of %s', (_, { parse, scheme, start }) => {
  test.each([
    'u:Hunter2@Secret!x@127.0.0.1:5432/keys',
    'u:Hunter2@secret@h/keys',
    'u:@hunter2@h/keys',
    'u:hunter2/secret@h/keys',
    'u:1234/secret@h/keys',
    'u:hunter2?secret@h/keys',
    'u:1234?secret@h/keys',
    'u:hunter2#secret@h/keys',
    'u:hunter2@secret/x@h/keys',
    'u:hunter2%secret@h/keys',
    'u:hunter2%@h/keys',
    'u:hunter2%E4@h/keys',
    'hunter2@secret:x@h/keys',
    'u:hunter2@a,secret@b/keys',
  ])('does not become host, port, database or parameter: %s', (rest) => {
    expect(refusal(parse, `${scheme}://${rest}`)).toMatch(
      /@ as %40, : as %3A, \/ as %2F, \? as %3F, # as %23, % as %25/,
    );
  });

  test.each([
    // It seems to be the host, the whole of the rest, or what JDBC puts there.
    'u@secret!x/keys',
    'u:hunter2@secret#x',
    'u@hunter2 secret/keys',
    'u@h:1433;password=hunter2/keys',
    'h:1433;user=u;password=hunter2',
    'h:1433;databaseName=keys;user=u;password=hunter2;encrypt=true',
    'h:1433;databaseName=keys;user=u;password=x@hunter2',
    'h;password=x@secret/keys;user=u',
    'u@h/keys/hunter2',
    'u@h/keys&password=hunter2',
    'u@h,secret!/keys',
    'u%3Ahunter2@h/keys',
    'u@h/keys?user=u&password=hunter2&tail=1',
    'u@h%40secret/keys',
    // The database goes on with what was to be a parameter.
    'kc@h/keys;Password=Hunter2Secret',
    'kc:x@h/keys;Password=hunter2',
    'kc@h/keys&pass=Hunter2',
    'h/keys;User=kc;Secret=Hunter2?user=kc',
    'kc@h/keys;hunter2',
    'kc@h/keys&hunter2',
    'kc@h/keys=hunter2',
    'kc@h/keys%3BPassword%3Dhunter2',
    'kc@h/keys%20Password:%20hunter2',
    'kc@h/keys|Password:hunter2',
    // So do user and parameters.
    'kc;Secret=hunter2:x@h/keys',
    'kc;pass=hunter2@h/keys',
    'h/keys?user=kc;password=hunter2',
    'h/keys?user=kc%26pwd=hunter2',
    'h/keys?user=kc;Access-Token=hunter2',
    'kc&pass=hunter2@h',
    'kc@h&pass=hunter2',
    'kc@h;hunter2',
  ])('is in no message about a URL: %s', (rest) => {
    expect(refusal(parse, `${scheme}://${rest}`)).not.toBe('');
  });

  test.each([
    // Cut at a ; that was not quoted: key, value or both of the next pair.
    ';Password=ab;hunter2=1',
    ';Password=ab;tail=hunter2',
    ';Password=ab;tail',
    ';Password=ab;se cret=x;Timeout=5',
    ';Pwd=ab;tail=1;Passwrod=x',
    ';Passwrod=ab;tail=1',
    // Quotes that never end, or that the password began with.
    ';Password="hunter2;secret=1',
    `;Password='hunter2;secret=1`,
    ';Password="hunter2"tail=1',
    ';Password="hunter2"tail;secret=1',
    // Braces are quotes of ODBC, not of ADO.NET; and = at the beginning is one that was doubled.
    ';Password={hunter2;tail=1}',
    ';Password={hunter2;secret}',
    ';Password==hunter2',
    ';Password==hunter2=1',
    // Blanks, commas and & in place of ;
    ' Password=hunter2',
    ',Password=hunter2',
    '&password=hunter2',
    ' user=u password=hunter2',
    ':Password=hunter2',
    '|Password=hunter2',
    '/Password=hunter2',
    ' Password: hunter2',
    ':Password:hunter2',
    ',pass=hunter2',
    ' Passphrase = hunter2',
    '&client_secret=hunter2',
    ' Passwort=hunter2',
    ';Database=d Pwd: hunter2',
    ';Database="d;Password=hunter2"',
    ';Host=h Password: hunter2;Server=h Password: hunter2',
    ';Host=/run/socket Password: hunter2;Server=/run/socket:Password:hunter2',
  ])('is in no message about a connection string: %s', (end) => {
    expect(refusal(parse, start + end)).not.toBe('');
  });

  test.each([
    'host=h port=5432 dbname=keys user=u password=hunter2 sslmode=require',
    "user=u host=h password='hunter2 secret' dbname=keys",
    'host=h user=u password=hunter2;Username=u;User Id=u;Database=d',
    `jdbc:${scheme}://h/keys?user=u&password=hunter2`,
    'jdbc:postgresql://h/keys?user=u&password=hunter2',
    'jdbc:sqlserver://h:1433;databaseName=keys;user=u;password=hunter2',
    'postgresql+asyncpg://u:hunter2@h/keys',
    'mysql+pymysql://u:hunter2@h/keys',
    'Driver={ODBC Driver 18 for SQL Server};Server=h;Database=d;Uid=u;Pwd={hunter2;tail=1}',
    'Host=postgres://u:hunter2@h/keys;Username=u;Server=postgres://u:hunter2@h/keys;Database=d;User Id=u',
    'hunter2',
    'hunter2=',
    'correctsecrettail=',
    'tail=secret;hunter2',
  ])('is in no message about what other programs write: %s', (text) => {
    expect(refusal(parse, text)).not.toBe('');
  });

  test.each([
    `"${start};Password=hunter2"`,
    `'${start};Password=hunter2'`,
    `"${scheme}://u:hunter2@h/keys"`,
    `“${start};Password=hunter2”`,
  ])('is in no message about a string in quotes of its own: %s', (text) => {
    expect(refusal(parse, text)).not.toBe('');
  });
});

test.each([
  'Data Source=/data/keys.db Password: hunter2',
  'Data Source=/data/keys.db|pass=hunter2',
  'Data Source=/data/keys.db Password=hunter2',
  'Data Source=/data/keys.db,password=hunter2',
  'Data Source=/data/keys.db;Password=hunter2;tail=1',
  'sqlite:///data/keys.db?password=hunter2',
])('the password of an SQLite file is in no message: %s', (text) => {
  expect(refusal(parseSqlite, text)).not.toBe('');
});

test.each([
  'Host=passdb:5432;Username=u;Database=d',
  'Host=a, secret:5433 ,pwd;Username=u;Database=d',
  'Host=/cloudsql/passbolt:europe-west1:compass;Username=u;Database=compass',
  'Host=compass;Username=pass;Database=secret;Search Path=token;SSL Key=/run/secrets/key.pem;SSL Certificate=/c.pem',
  'Host=h;Username=u;Options=-c password_encryption=scram-sha-256',
  'postgres://u:p@compass:5432,secret:5433/password?application_name=secret',
])('a name that only looks like the key of a password is taken: %s', (text) => {
  expect(() => parsePostgresql(text)).not.toThrow();
});

test('a ; & or = of a database’s name is taken where it is escaped', () => {
  expect(parsePostgresql('postgres://u@h/a%3Bb%26c%3Dd').database).toBe('a;b&c=d');
  expect(() => parsePostgresql('postgres://u@h/d&sslmode=require')).toThrow('write ?key=value&key=value');
});

test('what is in the password and not at its edge stays in the password', () => {
  const written = `Host=h;Username=u;Password='it''s;Host=x "@/?#%&=';Database=d`;
  const { password, endpoints } = parsePostgresql(written);
  expect([password?.reveal(), endpoints]).toEqual([`it's;Host=x "@/?#%&=`, [{ host: 'h', port: 5432 }]]);
  const url = parsePostgresql('postgres://u:%40%3A%2F%3F%23%25%3B@h/d');
  expect(url.password?.reveal()).toBe('@:/?#%;');
});

describe('a key that no table has', () => {
  test.each([
    ['is told as written where no secret has come yet', 'Host=h;Fruit=1;Username=u', '"Fruit" is not a known key'],
    ['is told by its place behind a password', 'Host=h;Password=p;Fruit=1', 'the key of part 3 is not a known key'],
    ['is told by its place at the very beginning', 'Fruit=1;Host=h;Username=u', 'the key of part 1 is not a known key'],
    [
      'is told with the key that it is a slip of',
      'Password=p;Hots=h',
      '"Hots" is not a known key; did you mean "Host"?',
    ],
    ['is told with no key that is only as short', 'Host=h;Abc=1', '"Abc" is not a known key\n'],
    ['is told as written in a URL', 'postgres://u:p@h/d?fruit=1', '"fruit" is not a known key'],
    [
      'is told by its place behind a URL’s password',
      'postgres://h/d?password=p&fruit=1',
      'the key of query parameter 2',
    ],
  ])('%s', (_, text, message) => {
    const said = (): unknown => parsePostgresql(text);
    expect(said).toThrow(ConnectionStringError);
    let problems = '';
    try {
      said();
    } catch (error) {
      problems = `${(error as ConnectionStringError).problems.join('\n')}\n`;
    }
    expect(problems).toContain(message);
  });
});

test('a whole file in place of a connection string is answered in a few lines', () => {
  const problems = refusal(parsePostgresql, `Host=h;${'fruit=1;'.repeat(10_000)}`).split('\n');
  expect(problems).toHaveLength(21);
  expect(problems).toContain('more keys are not known');
});

describe('a password of any characters', () => {
  const pieces = [
    'zqa1',
    'zqb2',
    '@',
    '/',
    '?',
    '#',
    '%',
    '%40',
    ':',
    ';',
    '=',
    '"',
    "'",
    '{',
    '}',
    '&',
    ' ',
    ',',
    '\\',
  ];
  const piece = (): string => pieces[randomInt(pieces.length)] ?? '';
  const anyPassword = (): string => `zqc3${Array.from({ length: 1 + randomInt(6) }, piece).join('')}`;
  const wrapped = {
    postgresql: (password: string) => [
      `postgres://u:${password}@h/d?sslmode=require`,
      `postgres://h/d?user=u&password=${password}&sslmode=require`,
      `Host=h;Username=u;Password=${password};Database=d;SSL Mode=Require`,
      `Host=h;Username=u;Database=d;Password="${password}"`,
      `host=h user=u password=${password} dbname=d`,
    ],
    mysql: (password: string) => [
      `mysql://u:${password}@h/d?ssl-mode=REQUIRED`,
      `Server=h;User Id=u;Password=${password};Database=d`,
      `Server=h;User Id=u;Database=d;Pwd='${password}'`,
    ],
    sqlserver: (password: string) => [
      `mssql://u:${password}@h/d?encrypt=true`,
      `sqlserver://h:1433;database=d;user=u;password=${password};encrypt=true`,
      `Server=h;User Id=u;Password=${password};Database=d`,
      `Driver={x};Server=h;Uid=u;Pwd={${password}};Database=d`,
    ],
  };

  test.each(Object.keys(products) as (keyof typeof products)[])(
    'stays a password of %s, or is refused; no piece of it is anything else, nor in a message',
    (product) => {
      for (let round = 0; round < 300; round += 1) {
        const password = anyPassword();
        for (const text of wrapped[product](password)) {
          let seen: unknown;
          try {
            seen = products[product].parse(text);
          } catch (error) {
            if (!(error instanceof ConnectionStringError)) throw error;
            seen = error.problems;
          }
          // A secret does not print: what is left is host, user, database, options and messages.
          expect([text, JSON.stringify(seen).match(/zq../g)]).toEqual([text, null]);
        }
      }
    },
  );
});
