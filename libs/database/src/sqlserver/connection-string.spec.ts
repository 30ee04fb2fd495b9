import { describe, expect, test } from '@jest/globals';
import { revealed } from '../testing/revealed.js';
import { parseSqlserver } from './connection-string.js';

const login = 'User Id=u;Password=p';

describe('a SQL Server connection string', () => {
  test('takes every key in any case and with or without blanks', () => {
    const text = [
      'DATA SOURCE=tcp:db.example,1444;initial catalog=keys;UID=kc;PWD=p;encrypt=strict;trust server certificate=NO',
      'HostNameInCertificate=db;authentication=SqlPassword;Connection Timeout=3;CommandTimeout=4;App=x',
      'max pool size=7;MultipleActiveResultSets=True;MultiSubnetFailover=True;ApplicationIntent=ReadWrite',
      'Persist Security Info=False;Trusted_Connection=False;Integrated Security=false',
    ].join(';');
    expect(revealed(parseSqlserver(text))).toEqual({
      host: 'db.example',
      port: 1444,
      database: 'keys',
      userId: 'kc',
      password: 'p',
      encrypt: 'Strict',
      trustServerCertificate: false,
      hostNameInCertificate: 'db',
      authentication: 'password',
      connectTimeout: 3,
      commandTimeout: 4,
      applicationName: 'x',
      maximumPoolSize: 7,
    });
  });

  test('has the defaults of SqlClient: port 1433, encrypted and verified', () => {
    expect(revealed(parseSqlserver(`Server=h;${login}`))).toEqual({
      host: 'h',
      port: 1433,
      userId: 'u',
      password: 'p',
      encrypt: 'Mandatory',
      trustServerCertificate: false,
      authentication: 'password',
    });
  });

  test.each([
    ['h', 'h', 1433],
    ['h,1444', 'h', 1444],
    ['tcp:h', 'h', 1433],
    ['TCP:h, 1444', 'h', 1444],
    ['10.0.0.1,1444', '10.0.0.1', 1444],
    ['[::1],1444', '::1', 1444],
    ['::1', '::1', 1433],
    ['.', 'localhost', 1433],
    ['(local),1444', 'localhost', 1444],
    [String.raw`h\keys,1444`, 'h', 1444],
    [String.raw`h\MSSQLSERVER`, 'h', 1433],
    ['tcp:[fe80::1],1444', 'fe80::1', 1444],
    ['tcp:keys.database.windows.net,1433', 'keys.database.windows.net', 1433],
  ])('Server=%s is a place', (server, host, port) => {
    expect(revealed(parseSqlserver(`Server=${server};${login}`))).toMatchObject({ host, port });
  });

  test('a named instance has no port until the SQL Server Browser is asked', () => {
    const { host, port, instance } = parseSqlserver(String.raw`Server=tcp:h\keys;${login}`);
    expect({ host, port, instance }).toEqual({ host: 'h', port: undefined, instance: 'keys' });
  });

  test.each([
    [String.raw`.\KEYS`, 'localhost', 'KEYS'],
    [String.raw`(local)\KEYS`, 'localhost', 'KEYS'],
    [String.raw`tcp:db.example\KEYS`, 'db.example', 'KEYS'],
  ])('Server=%s is an instance', (server, host, instance) => {
    expect(revealed(parseSqlserver(`Server=${server};${login}`))).toMatchObject({ host, instance });
  });

  test.each([
    [`"a;b'c"`, "a;b'c"],
    [`"a""b"`, 'a"b'],
    [`'a''b;"'`, `a'b;"`],
    ['a b=c', 'a b=c'],
    ['{a}b', '{a}b'],
    [`a"b'c`, `a"b'c`],
    [`" a "`, ' a '],
  ])('Password=%s is read by the rules of ADO.NET', (written, password) => {
    expect(revealed(parseSqlserver(`Server=h;User Id=u;Password=${written};Database=keys`))).toMatchObject({
      password,
      database: 'keys',
    });
  });

  test('takes every key of Microsoft.Data.SqlClient that a deployment may carry, where it asks for nothing here', () => {
    const text = [
      'Address=h;User ID=u;Password=p;Initial Catalog=a.b;Network Library=dbmssocn;Column Encryption Setting=Disabled',
      'Attestation Protocol=HGS;Enclave Attestation Url=https://x;IP Address Preference=IPv6First;Server SPN=s',
      'Failover Partner SPN=s;Replication=False;Transaction Binding=Implicit Unbind;User Instance=False;WSID=w',
      'Context Connection=False;Connection Reset=True;Async=False;Packet Size=8000;Current Language=us_english',
      'Connect Retry Count=1;Connect Retry Interval=10;Load Balance Timeout=0;Connection Lifetime=0;Min Pool Size=0',
      'Pool Blocking Period=Auto;Pooling=True;Enlist=True;Type System Version=Latest;Multi Subnet Failover=True',
      'Transparent Network IP Resolution=True;Persist Security Info=False;Multiple Active Result Sets=False',
    ].join(';');
    expect(revealed(parseSqlserver(text))).toMatchObject({ host: 'h', database: 'a.b' });
  });

  test.each([
    ['True', 'Mandatory'],
    ['yes', 'Mandatory'],
    ['Mandatory', 'Mandatory'],
    ['False', 'Optional'],
    ['no', 'Optional'],
    ['Optional', 'Optional'],
    ['Strict', 'Strict'],
  ])('Encrypt=%s means %s', (text, encrypt) => {
    expect(parseSqlserver(`Server=h;${login};Encrypt=${text}`).encrypt).toBe(encrypt);
  });

  test.each([
    ['Active Directory Default', 'default'],
    ['ActiveDirectoryManagedIdentity', 'managed-identity'],
    ['active directory msi', 'managed-identity'],
    ['Active Directory Workload Identity', 'workload-identity'],
  ])('Authentication=%s needs no user', (text, authentication) => {
    expect(parseSqlserver(`Server=h;Authentication=${text}`).authentication).toBe(authentication);
  });

  test('a URL means the same', () => {
    expect(
      revealed(parseSqlserver('mssql://u%40x:p%3Bw@h:1444/keys?encrypt=optional&trustServerCertificate=true')),
    ).toEqual({
      host: 'h',
      port: 1444,
      database: 'keys',
      userId: 'u@x',
      password: 'p;w',
      encrypt: 'Optional',
      trustServerCertificate: true,
      authentication: 'password',
    });
    expect(revealed(parseSqlserver('sqlserver://u:p@h%5Ckeys/db'))).toMatchObject({ host: 'h', instance: 'keys' });
  });

  test.each([
    ['Server=h;User=u;Hots=x', '"Hots" is not a known key'],
    ['User=u', 'Server is missing'],
    ['Server=h', 'User Id is missing'],
    ['Server=h;Authentication=Active Directory Service Principal', 'User Id is missing'],
    ['Server=h;User=u;Encrypt=hunter2', 'Encrypt must be one of True, False, Yes, No, Strict, Mandatory, Optional'],
    ['Server=h;User=u;Authentication=hunter2', 'Authentication must be one of Sql Password, Active Directory Default'],
    ['Server=h;Integrated Security=SSPI', 'Integrated Security is not supported'],
    ['Server=h;User=u;Application Intent=ReadOnly', 'Application Intent must not be ReadOnly'],
    ['Server=h,99999;User=u', 'Server must be host, tcp:host,port'],
    ['Server=np:h;User=u', 'Server must not begin with np'],
    [String.raw`Server=(localdb)\x;User=u`, 'Server must not be LocalDB'],
    ['Server=h:1433;User=u', 'Server must have a comma before the port: host,port'],
    ['Server=h;User=u;Server Certificate=/x.cer', 'Server Certificate is not supported'],
    ['Server=h;User=u;Column Encryption Setting=Enabled', 'Column Encryption Setting must not be Enabled'],
    ['Server=h;User=u;AttachDBFilename=x.mdf', 'use Database'],
    ['Server=h;User=u;User Instance=True', 'use Database'],
    ['Server=h;User=u;Failover Partner=g', 'Failover Partner is not supported'],
    ['Server=h;User=u;Net=dbnmpntw', 'Network Library must be dbmssocn'],
    ['Server=h;Authentication=Active Directory Interactive', 'Authentication must be one of'],
    ['Server=h;User=u;Password=a;hunter2=b', 'the key of part 4 is not a known key'],
    ['postgres://u:hunter2@h/db', "this database's with mssql://"],
  ])('%s is refused by key and rule', (text, message) => {
    expect(() => parseSqlserver(text)).toThrow(message);
    expect(() => parseSqlserver(text)).not.toThrow(/hunter2/);
  });
});
