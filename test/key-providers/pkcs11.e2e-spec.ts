import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../lab/processes/child-process.ts';
import { childrenOf } from '../lab/processes/proc.ts';
import { type Deployment, startDeployment } from '../lab/service/deployment.ts';
import { throwawayKey } from '../lab/pkcs11/rsa-key.ts';
import { SoftHsm, softHsm, type SoftToken } from '../lab/pkcs11/soft-hsm.ts';
import { describeServingWith } from '../lab/service/serving-with.suite.ts';
import { describeIf } from '../lab/skip/skip.ts';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.ts';
import { until } from '../lab/processes/until.ts';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const expected = JSON.parse(await readFile(join(fixtures, 'expected.json'), 'utf8')) as {
  pfxPassword: string;
  users: Record<string, { key: string }>;
};

const chosen = (hsm: SoftHsm, { serialNumber, pin }: SoftToken): Record<string, string> => ({
  rsaKey__provider: 'pkcs11',
  rsaKey__pkcs11LibraryPath: hsm.library,
  rsaKey__pkcs11SlotTokenSerialNumber: serialNumber,
  rsaKey__pkcs11LoginPin: pin,
  rsaKey__pkcs11PrivateKeyLabel: 'bwkc',
});

describeServingWith('a key in an HSM behind PKCS#11', softHsm, async () => {
  const hsm = await SoftHsm.create();
  const token = await hsm.createToken('vault');
  await hsm.importKey(token, { pem: throwawayKey().pem, label: 'bwkc', id: '01' });
  return {
    // Without a certificate, the token gives the public half.
    settings: { ...chosen(hsm, token), certificate__filesystemPath: '', certificate__filesystemPassword: '' },
    env: hsm.environment,
    halt: () => hsm.unplug(),
    resume: () => hsm.plugIn(),
    stop: () => hsm.remove(),
  };
});

describeIf(softHsm.installed, softHsm.reason, 'a classic deployment whose key moved into an HSM', () => {
  let folder: TempFolder;
  let hsm: SoftHsm;
  let deployment: Deployment;

  beforeAll(async () => {
    folder = await tempFolder('classic-hsm');
    const [database, key] = [join(folder.path, 'classic.sqlite'), join(folder.path, 'key.pem')];
    await copyFile(join(fixtures, 'classic.sqlite'), database);
    const pfx = join(fixtures, 'bwkc-aes.pfx');
    const password = `pass:${expected.pfxPassword}`;
    await run('openssl', ['pkcs12', '-in', pfx, '-passin', password, '-nocerts', '-nodes', '-out', key]);
    hsm = await SoftHsm.create();
    const token = await hsm.createToken('vault');
    await hsm.importKey(token, { pem: await readFile(key, 'utf8'), label: 'bwkc', id: '01' });
    deployment = await startDeployment({
      settings: {
        database__provider: 'sqlite',
        database__sqliteConnectionString: `Data Source=${database}`,
        ...chosen(hsm, token),
        certificate__filesystemPath: pfx,
        certificate__filesystemPassword: expected.pfxPassword,
      },
      env: hsm.environment,
    });
  });
  afterAll(async () => {
    await deployment.stop();
    await hsm.remove();
    await folder.remove();
  });

  test('serves every member the key that it has', async () => {
    for (const [userId, { key }] of Object.entries(expected.users)) {
      const response = await deployment.call('GET', userId);
      expect({ status: response.status, body: await response.json() }).toEqual({ status: 200, body: { key } });
    }
  });

  test('says where the key is, and not the PIN', async () => {
    const { service } = deployment;
    await until(() => service.output.includes('pkcs11:serial='), 'the service says where its key is');
    expect(service.output).not.toContain(deployment.settings['rsaKey__pkcs11LoginPin']);
  });

  test('leaves no process behind, even when it is killed', async () => {
    const children = childrenOf(deployment.service.pid);
    expect(children).toHaveLength(1);
    await deployment.service.kill();
    for (const child of children) await until(() => !existsSync(`/proc/${child}`), 'the module’s process has ended');
  });
});
