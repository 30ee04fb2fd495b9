import { describe, expect, it } from '@jest/globals';
import { databaseSettingsSchema } from './database.settings.js';
import { regionOf } from './identity/cloud-identity.js';

const postgres = 'Host=keys.abc.eu-central-1.rds.amazonaws.com;Username=keeper;SSL Mode=VerifyFull';
const mysql = 'Server=keys.abc.eu-central-1.rds.amazonaws.com;User Id=keeper;Database=keys;SslMode=VerifyFull';

describe('database.identity', () => {
  const problems = (settings: Readonly<Record<string, string>>): string[] =>
    (databaseSettingsSchema.safeParse(settings).error?.issues ?? []).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );
  const onPostgres = (more: Readonly<Record<string, string>>, string = postgres) =>
    problems({ provider: 'postgresql', postgreSqlConnectionString: string, ...more });
  const onMysql = (more: Readonly<Record<string, string>>, string = mysql) =>
    problems({ provider: 'mysql', mySqlConnectionString: string, ...more });

  it('is a password, unless a cloud is named', () => {
    expect(databaseSettingsSchema.parse({ provider: 'mysql', mySqlConnectionString: mysql })).toMatchObject({
      identity: undefined,
    });
    expect(onPostgres({ identity: 'awsRdsIam' })).toEqual([]);
    expect(onMysql({ identity: 'awsRdsIam' })).toEqual([]);
    expect(onPostgres({ identity: 'entra', entraClientId: 'someone' })).toEqual([]);
    expect(onMysql({ identity: 'entra' })).toEqual([]);
  });

  it.each(['Disable', 'Allow', 'Prefer'])('sends no token where SSL Mode %s may leave the connection plain', (mode) => {
    for (const identity of ['awsRdsIam', 'entra'])
      expect(onPostgres({ identity }, postgres.replace('VerifyFull', mode))).toEqual([
        expect.stringMatching(/^postgreSqlConnectionString: must have SSL Mode Require, VerifyCA or VerifyFull/),
      ]);
  });

  it.each(['None', 'Preferred'])('sends no token where SslMode %s may leave the connection plain', (mode) => {
    expect(onMysql({ identity: 'awsRdsIam' }, mysql.replace('VerifyFull', mode))).toEqual([
      expect.stringMatching(/^mySqlConnectionString: must have SslMode Required, VerifyCA or VerifyFull/),
    ]);
  });

  it('is not taken together with a password', () => {
    expect(onPostgres({ identity: 'entra' }, `${postgres};Password=hunter2`)).toEqual([
      'postgreSqlConnectionString: holds a password, and database.identity is entra; keep one',
    ]);
  });

  it('asks for the region where no host name tells it', () => {
    const own = postgres.replace('Host=', 'Host=keys.example.com,');
    expect(onPostgres({ identity: 'awsRdsIam' }, own)).toEqual([expect.stringMatching(/^awsRegion: is required/)]);
    expect(onPostgres({ identity: 'awsRdsIam', awsRegion: 'eu-west-1' }, own)).toEqual([]);
  });

  it('is refused where the database knows none, and says what to do instead', () => {
    expect(
      problems({ provider: 'sqlite', sqliteConnectionString: 'Data Source=/keys.sqlite', identity: 'entra' }),
    ).toEqual([expect.stringMatching(/^identity: .*no login/)]);
    const sqlServerConnectionString = 'Server=db;Database=keys;Authentication=Active Directory Default';
    expect(problems({ provider: 'sqlserver', sqlServerConnectionString, identity: 'entra' })).toEqual([
      expect.stringMatching(/^identity: .*Authentication=Active Directory/),
    ]);
  });

  it.each([
    ['keys.abc.eu-central-1.rds.amazonaws.com', 'eu-central-1'],
    ['keys.cluster-ro-abc.us-gov-west-1.rds.amazonaws.com', 'us-gov-west-1'],
    ['keys.abc.cn-north-1.rds.amazonaws.com.cn', 'cn-north-1'],
    ['rds.amazonaws.com.example', undefined],
    ['db.example.com', undefined],
  ])('reads the region of %s as %s', (host, region) => {
    expect(regionOf({ host })).toBe(region);
  });
});
