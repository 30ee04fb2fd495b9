import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '@key-connector/settings';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startWarnings } from './start-warnings.js';

describe('what the log warns of at the start', () => {
  let folder: string;
  let [tlsKey, pfx] = ['', ''];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'key-connector-warnings-'));
    [tlsKey, pfx] = [join(folder, 'tls.key'), join(folder, 'bwkc.pfx')];
    await writeFile(tlsKey, '');
    await writeFile(pfx, '');
  });
  beforeEach(async () => {
    await chmod(tlsKey, 0o640);
    await chmod(pfx, 0o640);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const warningsWith = async (
    settings: Record<string, string>,
    variables: Record<string, string> = {},
  ): Promise<string[]> => {
    const all = {
      identityServerUri: 'https://identity.example.com',
      database__provider: 'sqlite',
      database__sqliteConnectionString: 'Data Source=keys.db',
      rsaKey__provider: 'certificate',
      certificate__provider: 'filesystem',
      certificate__filesystemPath: pfx,
      certificate__filesystemPassword: 'secret',
      ...settings,
    };
    const environment = Object.entries(all).map(([path, value]) => [`keyConnectorSettings__${path}`, value]);
    return startWarnings(await loadSettings(Object.fromEntries(environment) as Record<string, string>), variables);
  };
  const tls = (): Record<string, string> => ({ http__tlsCertificatePath: tlsKey, http__tlsKeyPath: tlsKey });

  test('nothing where the service ends TLS itself and its keys are its own', async () => {
    expect(await warningsWith(tls())).toEqual([]);
  });

  test.each([
    [{}, 1],
    [{ http__host: '[::]' }, 1],
    [{ http__host: '0.0.0.0' }, 1],
    [{ http__host: '+' }, 1],
    [{ http__host: '::1' }, 0],
    [{ http__host: '127.0.0.1' }, 0],
    [{ http__trustProxy: '10.0.0.0/8' }, 0],
  ])('plain HTTP with %j: %d', async (settings, count) => {
    const warnings = await warningsWith(settings);
    expect(warnings).toEqual(Array.from({ length: count }, () => expect.stringContaining('plain HTTP')));
  });

  test('key files that every user of the machine can read, by setting and path', async () => {
    await chmod(tlsKey, 0o644);
    await chmod(pfx, 0o604);
    expect(await warningsWith(tls())).toEqual([
      expect.stringMatching(`^http__tlsKeyPath: .*${tlsKey}`),
      expect.stringMatching(`^certificate__filesystemPath: .*${pfx}`),
    ]);
  });

  test('quotes that an env file left around a password, without the password', async () => {
    const [warning, ...others] = await warningsWith({ ...tls(), certificate__filesystemPassword: '"hunter2"' });
    expect(others).toEqual([]);
    expect(warning).toContain('certificate__filesystemPassword: the quotes around it are part of the value');
    expect(warning).not.toContain('hunter2');
  });

  test.each([
    [{ ASPNETCORE_URLS: 'http://+:8080' }, 'ASPNETCORE_URLS'],
    [{ ASPNETCORE_HTTP_PORTS: '8080;8081' }, 'ASPNETCORE_HTTP_PORTS'],
    [{ ASPNETCORE_URLS: 'http://*' }, 'ASPNETCORE_URLS'],
  ])('of another port that the official container was told: %j', async (variables, name) => {
    const said = await warningsWith(tls(), variables);
    expect(said).toEqual([`${name} is not read: this service listens on port 5000, until http__port says otherwise.`]);
  });

  test.each([
    { ASPNETCORE_URLS: 'http://+:5000' },
    { ASPNETCORE_URLS: 'https://[::]:443;http://[::]:5000/' },
    { ASPNETCORE_HTTP_PORTS: '5000' },
  ])('nothing of the same port: %j', async (variables) => {
    expect(await warningsWith(tls(), variables)).toEqual([]);
  });

  test('nothing of a file that is not there: whoever reads it says so', async () => {
    expect(await warningsWith({ ...tls(), certificate__filesystemPath: join(folder, 'nowhere.pfx') })).toEqual([]);
  });
});
