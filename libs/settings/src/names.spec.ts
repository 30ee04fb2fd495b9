import { describe, expect, it } from '@jest/globals';

import { catalogue } from './catalogue.js';
import { environmentName, settingName } from './names.js';
import { loadSettings } from './load-settings.js';
import { enough, enoughAnd, nameOf, problemLines } from './testing/settings-case.js';
import { namesOfExistingDeployments } from './testing/existing-names.js';

describe('names in the environment', () => {
  it.each(namesOfExistingDeployments)('knows %s of existing deployments', (name) => {
    expect(catalogue.settings.map(({ path }) => settingName(path))).toContain(name);
  });

  it('describes every setting', () => {
    expect(
      catalogue.settings.filter(({ description }) => description === '').map(({ path }) => settingName(path)),
    ).toEqual([]);
  });

  const spellings: [string, (name: string) => string][] = [
    ['lower case', (name) => name.toLowerCase()],
    ['upper case', (name) => name.toUpperCase()],
    ['colons', (name) => name.replaceAll('__', ':')],
    ['colons in upper case', (name) => name.toUpperCase().replaceAll('__', ':')],
  ];
  it.each(spellings)('takes every known name in %s', async (_, spell) => {
    const blank = Object.fromEntries(catalogue.settings.map(({ path }) => [spell(environmentName(path)), 'x']));
    expect((await problemLines(blank)).filter((line) => line.includes('is not a known setting'))).toEqual([]);
  });

  it('loads the same settings under other spellings', async () => {
    const spelled = Object.fromEntries(
      Object.entries(enough).map(([name, value]) => [name.toUpperCase().replaceAll('__', ':'), value]),
    );
    expect(await loadSettings(spelled)).toEqual(await loadSettings(enough));
  });

  it('refuses two spellings of one setting and names both', async () => {
    const [line, ...others] = await problemLines({
      ...enoughAnd({ log__level: 'info' }),
      'KEYCONNECTORSETTINGS:LOG:LEVEL': 'info',
    });
    expect(line).toContain('log__level: is given more than once');
    expect(line).toContain('KEYCONNECTORSETTINGS:LOG:LEVEL');
    expect(line).toContain('keyConnectorSettings__log__level');
    expect(others).toEqual([]);
  });

  it.each(['', ' ', '\t\n'])('takes a blank value for not given', async (blank) => {
    expect(
      await loadSettings(enoughAnd({ http__port: blank, rsaKey__azureKeyvaultUri: blank, log__level: blank })),
    ).toEqual(await loadSettings(enough));
    expect(await problemLines(enoughAnd({ database__provider: blank }))).toContainEqual(
      expect.stringContaining('database__provider: is required'),
    );
  });

  it.each([
    ['database__postgresConnectionString', 'database__postgreSqlConnectionString'],
    ['http__prot', 'http__port'],
    ['HTTP__BASEPAHT', 'http__basePath'],
    ['identityServer', 'identityServerUri'],
    ['rsaKey__pkcs11Pin', 'rsaKey__pkcs11LoginPin'],
  ])('answers the unknown name %s with the nearest known one', async (unknown, nearest) => {
    expect(await problemLines(enoughAnd({ [unknown]: 'x' }))).toEqual([
      expect.stringContaining(`is not a known setting; did you mean ${nameOf(nearest)}?`),
    ]);
  });

  it.each([
    'keyConnectorSettings_http__port',
    'keyConnectorSettings',
    'keyConnectorSettings__',
    'keyConnectorSettings__http',
  ])('refuses %s, which gives no setting', async (name) => {
    expect(await problemLines({ ...enough, [name]: '1' })).toHaveLength(1);
  });

  it('leaves other variables alone', async () => {
    expect(await problemLines({ ...enough, globalSettings__x: '1', PATH: '/bin', keyConnector: 'x' })).toEqual([]);
  });
});
