import { afterAll, describe, expect, it } from '@jest/globals';
import { printSettings, type PrintedSetting } from './print-settings.js';
import { environmentOf, secretSettings, withCanary } from './testing/canaries.js';
import { enough, enoughAnd, nameOf, SpecFolder } from './testing/settings-case.js';

const canary = 'hunter2canary';
const folder = new SpecFolder();
afterAll(() => {
  folder.remove();
});

const find = (settings: readonly PrintedSetting[], name: string): PrintedSetting | undefined =>
  settings.find((setting) => setting.name === name);

describe('settings as they are printed', () => {
  it('say where each value came from: variable, line of an env file or of YAML, default', async () => {
    const yaml = folder.write('config.yaml', 'keyConnectorSettings:\n  http:\n    host: 127.0.0.1\n');
    const env = folder.write('settings.env', `# ours\n${nameOf('auth__audience')}=vault\n`);
    const { settings, problems } = await printSettings({
      ...enoughAnd({ http__port: '7000' }),
      KEY_CONNECTOR_CONFIG: yaml,
      KEY_CONNECTOR_ENV_FILE: env,
    });
    expect(problems).toEqual([]);
    expect(find(settings, 'http__port')).toEqual({
      name: 'http__port',
      value: 7000,
      from: `environment: ${nameOf('http__port')}`,
    });
    expect(find(settings, 'http__host')).toMatchObject({ value: '127.0.0.1', from: `${yaml}, line 3` });
    expect(find(settings, 'auth__audience')).toMatchObject({ from: `${env}, line 2: ${nameOf('auth__audience')}` });
    expect(find(settings, 'http__basePath')).toMatchObject({ value: '', from: 'default' });
  });

  it('name the file of a secret, which is not read, and nothing that may be the secret itself', async () => {
    const { settings } = await printSettings(
      enoughAnd({ certificate__filesystemPassword_FILE: '/run/secrets/pfx', auth__audience: 'a' }),
    );
    expect(find(settings, 'certificate__filesystemPassword')).toMatchObject({ value: '***', file: '/run/secrets/pfx' });
    const slip = await printSettings(enoughAnd({ certificate__filesystemPassword_FILE: canary }));
    expect(JSON.stringify(slip)).not.toContain(canary);
  });

  it('mark what nobody looks at, and leave out the defaults of what was not chosen', async () => {
    const { settings } = await printSettings(enoughAnd({ rsaKey__azureKeyvaultUri: 'https://old.vault.azure.net' }));
    expect(find(settings, 'rsaKey__azureKeyvaultUri')).toMatchObject({ unused: true });
    expect(settings.filter(({ name }) => /^transferTo|vaultSecretMountPoint/.test(name))).toEqual([]);
  });

  it('hold no secret, wherever it stands and however wrong it is', async () => {
    for (const name of secretSettings)
      for (const value of withCanary(name, canary))
        expect([name, JSON.stringify(await printSettings(environmentOf({ [name]: value })))]).not.toEqual([
          name,
          expect.stringContaining(canary),
        ]);
    const misplaced = {
      webVaultUri: `https://me:${canary}@vault.example`,
      identityServerUri: `https://id.example/?sig=${canary}`,
      http__port: canary,
      database__provider: canary,
      [canary.replace('canary', ' canary')]: 'x',
    };
    expect(JSON.stringify(await printSettings({ ...enough, ...environmentOf(misplaced) }))).not.toContain(canary);
  });
});
