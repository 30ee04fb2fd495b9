import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { databaseSettingsSchema } from './database.settings.js';
import { openDialect } from './products.js';

const problems = (settings: Record<string, unknown>): string[] => {
  const result = databaseSettingsSchema.safeParse(settings);
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`);
};

test('where none is chosen, it is said where an existing deployment then has its keys, and what to do', () => {
  const [issue] = databaseSettingsSchema.safeParse({}).error?.issues ?? [];
  expect(issue?.message).toMatch(
    /^must be one of postgresql.*\/etc\/bitwarden\/data\.json.*database__importJsonFilePath/,
  );
});

describe('database settings', () => {
  test('the chosen provider comes out with its connection and the limits', () => {
    const settings = { provider: 'SQLite', sqliteConnectionString: 'Data Source=/data/keys.db', migrate: 'FALSE' };
    expect(databaseSettingsSchema.parse(settings)).toEqual({
      provider: 'sqlite',
      connection: { file: '/data/keys.db', create: true },
      expect: 'any',
      migrate: false,
      allowStaleReads: false,
      connectTimeoutSeconds: 5,
      acquireTimeoutSeconds: 5,
      statementTimeoutSeconds: 10,
    });
  });

  test('empty is refused where the tables are made before the first start', () => {
    const settings = { provider: 'sqlite', sqliteConnectionString: 'Data Source=/data/keys.db', expect: 'empty' };
    expect(problems({ ...settings, migrate: 'false' })).toEqual([
      expect.stringMatching(/^expect must not be empty when/),
    ]);
    expect(problems(settings)).toEqual([]);
  });

  test('leftovers of other providers do no harm', () => {
    const sqliteConnectionString = 'Filename=/data/keys.db';
    const leftovers = { mySqlConnectionString: 'nonsense', jsonFilePath: '/data/data.json' };
    expect(problems({ provider: 'sqlite', sqliteConnectionString, ...leftovers })).toEqual([]);
  });

  test('the connection string of the chosen provider is required', () => {
    expect(problems({ provider: 'postgresql' })).toEqual([
      'postgreSqlConnectionString is required when database.provider is postgresql',
    ]);
  });

  test('every problem of a connection string is reported at once, under its path and without values', () => {
    const postgreSqlConnectionString = 'Hots=secret;Port=secret;SSL Mode=secret;User=u';
    const found = problems({ provider: 'postgresql', postgreSqlConnectionString });
    expect(found).toEqual([
      'postgreSqlConnectionString "Hots" is not a known key; did you mean "Host"?',
      'postgreSqlConnectionString Port must be a whole number',
      'postgreSqlConnectionString SSL Mode must be one of Disable, Allow, Prefer, Require, VerifyCA, VerifyFull',
    ]);
  });

  test.each([
    ['json', /^provider json is import only/],
    ['mongo', /^provider mongo is not supported/],
    ['oracle', /^provider must be one of postgresql, sqlite, mysql/],
  ])('provider %s is refused by name', (provider, message) => {
    expect(problems({ provider })[0]).toMatch(message);
  });

  test.each([
    ['Data Source=:memory:', /loses every key/],
    ['Data Source=/a.db;Mode=Memory', /loses every key/],
    ['Data Source=/a.db;Mode=ReadOnly', /ReadOnly/],
    ['Data Source=file:/a.db', /plain path/],
    ['Data Source=/a.db;Password=x', /Password must not be given: an encrypted file/],
    ['Cache=Shared', /Data Source is missing/],
  ])('SQLite %s is refused', (sqliteConnectionString, message) => {
    expect(problems({ provider: 'sqlite', sqliteConnectionString })).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    ['postgresql', 'postgreSqlConnectionString', 'Host=h;Username=u;Password=canary;SSL Password=canary'],
    ['postgresql', 'postgreSqlConnectionString', 'postgres://u:canary@h/keys'],
    ['mysql', 'mySqlConnectionString', 'Server=h;Database=d;User=u;Password=canary'],
    ['sqlserver', 'sqlServerConnectionString', 'Server=h;User Id=u;Password=canary'],
  ])(
    'a password of %s is in no output of the settings, nor of what the driver is given',
    async (provider, at, text) => {
      const settings = databaseSettingsSchema.parse({ provider, [at]: text });
      const { dataSourceOptions, migrationOptions } = await openDialect(settings);
      for (const output of [settings, dataSourceOptions, migrationOptions]) {
        expect(inspect(output, { depth: 20, showHidden: true })).not.toContain('canary');
        expect(JSON.stringify(output)).not.toContain('canary');
      }
    },
  );
});
