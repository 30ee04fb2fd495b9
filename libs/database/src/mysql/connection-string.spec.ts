import { describe, expect, test } from '@jest/globals';
import { revealed } from '../testing/revealed.js';
import { parseMysql } from './connection-string.js';

describe('a MySQL connection string', () => {
  test('takes every key in any case and with or without blanks', () => {
    const text = [
      'SERVER=db.example;port=3307;initial catalog=keys;UID=kc;PWD=p;ssl mode=verifyca;SslCa=/ca.pem',
      'sslcert=/c.pem;SSL KEY=/k.pem;connectiontimeout=3;Default Command Timeout=4;maximumpoolsize=7',
    ].join(';');
    expect(revealed(parseMysql(text))).toEqual({
      server: 'db.example',
      port: 3307,
      database: 'keys',
      userId: 'kc',
      password: 'p',
      sslMode: 'VerifyCA',
      sslCa: '/ca.pem',
      sslCert: '/c.pem',
      sslKey: '/k.pem',
      connectionTimeout: 3,
      commandTimeout: 4,
      maximumPoolSize: 7,
    });
  });

  test.each(['Server', 'Host', 'Data Source', 'datasource'])('%s names the server', (key) => {
    expect(parseMysql(`${key}=h;Database=d;User=u`).server).toBe('h');
  });

  test.each(['User Id', 'UserId', 'Uid', 'Username', 'User'])('%s names the user', (key) => {
    expect(parseMysql(`Server=h;Database=d;${key}=u`).userId).toBe('u');
  });

  test('has the defaults of MySqlConnector: port 3306, TLS preferred', () => {
    expect(revealed(parseMysql('Server=h;Database=d;User=u'))).toEqual({
      server: 'h',
      port: 3306,
      database: 'd',
      userId: 'u',
      sslMode: 'Preferred',
    });
  });

  test('the last of a repeated key wins, a blank one counts as not given, and quotes hold anything', () => {
    const read = parseMysql(`Server=a;Host=b;Database=x;Port=;User=u;Pwd=1;Password='it''s;"so"'`);
    expect(revealed(read)).toMatchObject({ server: 'b', port: 3306, password: `it's;"so"` });
  });

  test('keys that tune a .NET client do no harm', () => {
    const tuning = [
      'Pooling=true;Allow Public Key Retrieval=true;CharSet=utf8mb4;MinPoolSize=1;Minimum Pool Size=1;TlsVersion=TLS 1.2',
      'GuidFormat=Char36;OldGuids=false;Protocol=tcp;AllowZeroDateTime=true;ConvertZeroDateTime=true;LoadBalance=Random',
    ].join(';');
    expect(parseMysql(`Address=h;Database=d;User=u;${tuning}`).server).toBe('h');
  });

  test.each([
    'Server=/run/mysqld/mysqld.sock;Database=d;User=u',
    'Server=/run/mysqld/mysqld.sock;Protocol=unix;Database=d;User=u',
    'Host=/run/mysqld/mysqld.sock;Connection Protocol=UnixSocket;Port=3306;Database=d;User=u',
    'mysql://u@localhost/d?socket=/run/mysqld/mysqld.sock',
    'mysql://u@localhost/d?unix_socket=/run/mysqld/mysqld.sock',
    'mysql://u@localhost/d?socketPath=%2Frun%2Fmysqld%2Fmysqld.sock',
    'mysql://u@/d?socket=/run/mysqld/mysqld.sock',
    'mariadb://u@%2Frun%2Fmysqld%2Fmysqld.sock/d',
  ])('%s leads to a Unix socket', (text) => {
    expect(parseMysql(text)).toMatchObject({ server: '/run/mysqld/mysqld.sock', database: 'd', userId: 'u' });
  });

  test('SslMode=Disabled is another name of None', () => {
    expect(parseMysql('Server=h;Database=d;User=u;Ssl-Mode=Disabled').sslMode).toBe('None');
  });

  test.each([
    ['mysql://u%40x:p%3Aw@h:3307/keys?ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca.pem', 'VerifyFull'],
    ['mariadb://u%40x:p%3Aw@h:3307/keys?ssl-mode=verify_ca&ssl-ca=/ca.pem', 'VerifyCA'],
    ['mysql://u%40x:p%3Aw@h:3307/keys?SslMode=None&SslCa=/ca.pem', 'None'],
    ['mysql://u%40x:p%3Aw@h:3307/keys?ssl-mode=DISABLED&ssl-ca=/ca.pem', 'None'],
    ['mysql://u%40x:p%3Aw@h:3307/keys?sslmode=Required&ssl-ca=/ca.pem', 'Required'],
  ])('the URL %s means the same', (text, sslMode) => {
    expect(revealed(parseMysql(text))).toEqual({
      server: 'h',
      port: 3307,
      database: 'keys',
      userId: 'u@x',
      password: 'p:w',
      sslMode,
      sslCa: '/ca.pem',
    });
  });

  test.each([
    ['Server=h;Database=d;User=u;Sevrer=x', '"Sevrer" is not a known key; did you mean "Server"?'],
    ['Server=h;Database=d;User=u;Guid Format=Binary16', 'GUID Format must be one of Default, None, Char36'],
    ['Server=h;Database=d;User=u;Old Guids=true', 'Old Guids must not be true: ids are stored as text'],
    ['Server=h;Database=d;User=u;Protocol=Unix', 'Server must be the path of the Unix socket'],
    ['Server=h;Database=d;User=u;Protocol=Pipe', 'Connection Protocol must be one of Socket, Tcp, Unix'],
    ['mysql://u@h/d?socket=mysqld.sock', 'Server must be the path of the Unix socket'],
    ['Server=h:3307;Database=d;User=u', 'Server must be a host, its port in Port'],
    ['Database=d;User=u', 'Server is missing'],
    ['Server=h;User=u', 'Database is missing'],
    ['Server=h;Database=d', 'User Id is missing'],
    ['Server=a,b;Database=d;User=u', 'Server must be one host'],
    ['Server=h;Database=d;User=u;Port=hunter2', 'Port must be a whole number'],
    ['Server=h;Database=d;User=u;SslKey=/k', 'SslCert and SslKey go together'],
    [
      'Server=h;Database=d;User=u;SslMode=hunter2',
      'SslMode must be one of None, Preferred, Required, VerifyCA, VerifyFull',
    ],
    ['Server=h;Database=d;User=u;Password=a;hunter2=b', 'the key of part 5 is not a known key'],
    ['mysql://u:hunter2@h/d?nosuch=1', '"nosuch" is not a known key'],
    ['postgres://u:hunter2@h/d', "the URL begins with postgres://, and this database's with mysql://"],
  ])('%s is refused by key and rule', (text, message) => {
    expect(() => parseMysql(text)).toThrow(message);
    expect(() => parseMysql(text)).not.toThrow(/hunter2/);
  });
});
