import { describe, expect, test } from '@jest/globals';
import { revealed } from '../testing/revealed.js';
import { parsePostgresql } from './connection-string.js';

describe('a PostgreSQL connection string', () => {
  test('takes every key in any case and with or without blanks', () => {
    const text = [
      'SERVER=db.example;port=5433;db=keys;User ID=kc;PWD=p;sslmode=verifyca;RootCertificate=/ca.pem',
      'SSL Certificate=/c.pem;sslkey=/k.pem;trust server certificate=false;TIMEOUT=3;CommandTimeout=4',
      'maximum pool size=7;SearchPath=a,b;application name=x',
    ].join(';');
    expect(revealed(parsePostgresql(text))).toEqual({
      endpoints: [{ host: 'db.example', port: 5433 }],
      database: 'keys',
      username: 'kc',
      password: 'p',
      sslMode: 'VerifyCA',
      rootCertificate: '/ca.pem',
      sslCertificate: '/c.pem',
      sslKey: '/k.pem',
      trustServerCertificate: false,
      timeout: 3,
      commandTimeout: 4,
      maximumPoolSize: 7,
      searchPath: 'a,b',
      applicationName: 'x',
    });
  });

  test('has the defaults of Npgsql: port 5432, the user name as database, TLS preferred', () => {
    expect(revealed(parsePostgresql('Host=h;Username=u'))).toEqual({
      endpoints: [{ host: 'h', port: 5432 }],
      database: 'u',
      username: 'u',
      sslMode: 'Prefer',
    });
  });

  test('the last of a repeated key wins, and a blank one counts as not given', () => {
    const { database, endpoints, password } = revealed(
      parsePostgresql('Host=a;Server=b;Database=x;DB=;User=u;PWD=1;Password=2'),
    );
    expect({ database, endpoints, password }).toEqual({
      database: 'u',
      endpoints: [{ host: 'b', port: 5432 }],
      password: '2',
    });
  });

  test.each([
    ['a,b:6000', ['a:5433', 'b:6000']],
    ['::1', ['::1:5433']],
    ['[::1]:6000', ['::1:6000']],
  ])('Host=%s names several places', (host, expected) => {
    const { endpoints } = parsePostgresql(`Host=${host};Port=5433;Username=u`);
    expect(endpoints.map((endpoint) => `${endpoint.host}:${endpoint.port}`)).toEqual(expected);
  });

  test('what Npgsql knows and nothing here depends on is taken as it is', () => {
    const given = [
      'Host=h;Username=u;Target Session Attributes=read-write;Load Balance Hosts=true;Channel Binding=prefer',
      'Multiplexing=false;Read Buffer Size=8192;Log Parameters=false;TCP Keepalive Time=10;MinPoolSize=0',
      'Check Certificate Revocation=false;Integrated Security=false;Cancellation Timeout=2000',
    ].join(';');
    expect(parsePostgresql(given).endpoints).toEqual([{ host: 'h', port: 5432 }]);
    expect(parsePostgresql('postgres://u@h/db?target_session_attrs=read-write').database).toBe('db');
  });

  test('a URL means the same', () => {
    expect(
      revealed(parsePostgresql('postgres://u%40x:p%3Aw@h:6000/keys?sslmode=verify-full&connect_timeout=0')),
    ).toEqual({
      endpoints: [{ host: 'h', port: 6000 }],
      database: 'keys',
      username: 'u@x',
      password: 'p:w',
      sslMode: 'VerifyFull',
    });
    expect(parsePostgresql('postgresql://u@a:1,b/keys').endpoints).toEqual([
      { host: 'a', port: 1 },
      { host: 'b', port: 5432 },
    ]);
  });

  test.each([
    ['Host=h;Username=u;Hots=x', '"Hots" is not a known key; did you mean "Host"?'],
    ['Host=h;Username=u;Passwrod=hunter2', '"Passwrod" is not a known key; did you mean "Password"?'],
    ['Host=h;Username=u;Passfile=hunter2', 'Passfile is not read: give Password'],
    ['postgres://u@h/db?gss_lib=hunter2', '"gss_lib" is not a known key'],
    ['Host=h;User=u;Target Session Attributes=Standby', 'Target Session Attributes must be one of Any, Primary'],
    ['Host=h;User=u;Channel Binding=Require', 'Channel Binding must be Disable or Prefer'],
    ['Host=h;User=u;Check Certificate Revocation=true', 'Check Certificate Revocation must not be true'],
    ['Host=h;User=u;Integrated Security=true', 'Integrated Security must not be true: there is no login by Kerberos'],
    ['Username=u', 'Host is missing'],
    ['Host=h', 'Username is missing'],
    ['Host=h;User=u;Port=hunter2', 'Port must be a whole number'],
    ['Host=h:99999;User=u', 'Host must be host or host:port'],
    ['Host=h;User=u;SSL Mode=hunter2', 'SSL Mode must be one of Disable, Allow, Prefer, Require, VerifyCA, VerifyFull'],
    ['Host=h;User=u;SSL Key=/k', 'SSL Certificate and SSL Key go together'],
    ['Host=h;User=u;SSL Mode=VerifyFull;Trust Server Certificate=true', 'Trust Server Certificate contradicts'],
    ['Host=h;User=u;Password=a;hunter2=b', 'the key of part 4 is not a known key'],
    ['postgres://u:hunter2@h/db?nosuch=1', '"nosuch" is not a known key'],
    ['postgres://u:%zz@h/db', '% as %25'],
    ['mysql://u:hunter2@h/db', "the URL begins with mysql://, and this database's with postgres://"],
    ['postgresql+asyncpg://u:hunter2@h/db', 'the URL begins with postgresql+asyncpg://'],
  ])('%s is refused by key and rule', (text, message) => {
    expect(() => parsePostgresql(text)).toThrow(message);
    expect(() => parsePostgresql(text)).not.toThrow(/hunter2/);
  });
});
