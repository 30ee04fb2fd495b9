import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { KeyServiceServer } from '../../examples/key-provider-key-service/test/key-service.server.js';
import { freePort } from '../lab/network/free-port.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { type ServiceOptions, type ServiceProcess, startService } from '../lab/service/service.process.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { until } from '../lab/processes/until.js';
import * as thirdParty from './module/third-party.js';

describe('a key provider in a package by others', () => {
  let folder: TempFolder;
  let project: string;
  let packageFolder: string;
  let entry: string;
  let keyService: KeyServiceServer;
  let issuer: IssuerServer;
  let service: ServiceProcess | undefined;
  const [userId, key] = [randomUUID(), randomBytes(32).toString('base64')];

  beforeAll(async () => {
    folder = await tempFolder('module');
    project = await thirdParty.checkedOut(folder.path);
    await thirdParty.build(project);
    const installed = await thirdParty.installedService(folder.path);
    packageFolder = await thirdParty.install(project, join(installed, 'node_modules'));
    entry = join(installed, 'dist/key-connector/apps/key-connector/src/main.js');
    keyService = await KeyServiceServer.start();
    keyService.addVersion('company');
    issuer = await startIssuer();
  });
  afterEach(async () => {
    await service?.kill();
    service = undefined;
  });
  afterAll(async () => {
    await issuer.stop();
    await keyService.stop();
    await folder.remove();
  });

  const start = async (
    settings: Readonly<Record<string, string>>,
    waitFor: ServiceOptions['waitFor'] = 'ready',
  ): Promise<ServiceProcess> => {
    await service?.terminate();
    service = await startService({
      entry,
      waitFor,
      settings: {
        identityServerUri: issuer.uri,
        database__provider: 'sqlite',
        database__sqliteConnectionString: `Data Source=${join(folder.path, 'keys.db')}`,
        rsaKey__provider: `module:${thirdParty.packageName}`,
        rsaKey__module__url: keyService.url,
        rsaKey__module__key: 'company',
        rsaKey__module__token: keyService.token,
        ...settings,
      },
    });
    return service;
  };
  const call = (method: string, body?: object): Promise<Response> =>
    fetch(`${service?.url ?? ''}/user-keys`, {
      method,
      headers: {
        authorization: `Bearer ${issuer.token({ claims: { sub: userId } })}`,
        'content-type': 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const refusal = async (settings: Readonly<Record<string, string>>): Promise<string> => {
    const { exited } = await start(settings, 'started');
    expect(await exited).toBe(1);
    return service?.output ?? '';
  };

  test('passes the contract suite outside this repository, on the built public API', async () => {
    expect(await thirdParty.test(project)).toMatch(/Tests: +\d+ passed, \d+ total/);
    // Types that name nothing else: they hold in a package that has none of our dependencies.
    const types = '../../dist/key-provider/libs/crypto-providers/src/contract/key-provider-module.d.ts';
    expect(await readFile(join(import.meta.dirname, types), 'utf8')).not.toMatch(/^import /m);
  });

  test('keeps the key under which members’ keys are stored, and serves them after a restart', async () => {
    await start({});
    expect((await call('POST', { key })).status).toBe(200);
    await start({});
    expect(await (await call('GET')).json()).toEqual({ key });
  });

  test('may lie in a folder of its own, named by the path of its main file', async () => {
    await thirdParty.linkPackages(join(folder.path, 'elsewhere/node_modules'));
    const main = join(await thirdParty.install(project, join(folder.path, 'elsewhere')), 'dist/index.js');
    await start({ rsaKey__provider: `module:${main}` });
    expect(await (await call('GET')).json()).toEqual({ key });
  });

  test('takes its settings in any case, its secrets from files, and prints none of them', async () => {
    const tokenFile = join(folder.path, 'token');
    await writeFile(tokenFile, `${keyService.token}\n`, { mode: 0o600 });
    const started = await start({
      rsaKey__module__token: '',
      RSAKEY__MODULE__TOKEN_FILE: tokenFile,
      log__level: 'debug',
    });
    await until(() => started.logs.some((line) => line['msg'] === 'ready'), 'it has said that it is ready');
    const settings = started.logs.find((line) => line['msg'] === 'settings');
    expect(settings).toMatchObject({
      settings: { keyProvider: { module: { given: { key: 'company', token: '***' } } } },
    });
    expect(started.output).not.toContain(keyService.token);
  });

  test('has its settings refused by name, all at once with those of the service, and never a value', async () => {
    const output = await refusal({
      http__port: 'seventy',
      rsaKey__module__url: 'http://keys.example/hidden-path',
      rsaKey__module__token: '',
      rsaKey__module__version: 'zeroth',
      rsaKey__module__kye: 'company',
    });
    expect(output).toContain('5 problems in the settings');
    expect(output).toContain('http__port: must be a whole number');
    expect(output).toMatch(/rsaKey__module__url: must be https.*keyConnectorSettings__rsaKey__module__url/);
    expect(output).toMatch(/rsaKey__module__token: is required.*keyConnectorSettings__rsaKey__module__token/);
    expect(output).toMatch(/rsaKey__module__version: must be a whole number/);
    expect(output).toMatch(/rsaKey__module__kye: is not a known.*did you mean .*rsaKey__module__key\?/);
    expect(output).not.toMatch(/hidden-path|zeroth|seventy/);
  });

  test('is named when it is not there, and when its key is refused', async () => {
    expect(await refusal({ rsaKey__provider: 'module:@acme/thales-luna', http__port: 'seventy' })).toMatch(
      /http__port: must be(.|\n)*rsaKey__provider: names @acme\/thales-luna, which cannot be loaded: Cannot find package/,
    );
    const refused = await refusal({ rsaKey__module__token: 'wrong-token' });
    expect(refused).toContain(`answers 401 for version`);
    expect(refused).toContain(thirdParty.packageName);
    expect(refused).not.toContain('wrong-token');
  });

  test.each([
    ['hangs', 'await new Promise(() => undefined);', /has not finished loading after 1 s \(rsaKey__timeoutSeconds\)/],
    ['throws', "throw new RangeError('hidden');", /throws while it is loaded \(RangeError at .*That is for its author/],
    ['exports something else', 'export default {};', /exports no object `keyProvider`: it is another kind of package/],
    [
      'is of another time',
      'export const keyProvider = { apiVersion: 2 };',
      /is written for apiVersion 2 of the contract; this service knows 1\. Take a release/,
    ],
  ])('that %s when it is loaded ends the start, and is named with what to do', async (what, source, said) => {
    const file = join(folder.path, `${what.replaceAll(' ', '-')}.mjs`);
    await writeFile(file, source);
    const output = await refusal({ rsaKey__provider: `module:${file}`, rsaKey__timeoutSeconds: '1' });
    expect(output).toMatch(said);
    expect(output).toContain(`rsaKey__provider: names ${file}`);
    expect(output).not.toContain('hidden');
  });

  test('has its key closed when the service stops, after the last request', async () => {
    const [file, marker] = [join(folder.path, 'watched.mjs'), join(folder.path, 'closed')];
    const main = pathToFileURL(join(packageFolder, 'dist/index.js')).href;
    await writeFile(
      file,
      `import { writeFileSync } from 'node:fs';
       import { keyProvider as example } from '${main}';
       export const keyProvider = {
         ...example,
         open: async (...given) => {
           const key = await example.open(...given);
           const { close } = key;
           return Object.assign(key, { close: async () => { await close(); writeFileSync('${marker}', ''); } });
         },
       };`,
    );
    const started = await start({ rsaKey__provider: `module:${file}` });
    expect(existsSync(marker)).toBe(false);
    expect(await started.terminate()).toBe(0);
    expect(existsSync(marker)).toBe(true);
  });

  test('that says "unavailable" makes the service wait, live but not ready, until it is back', async () => {
    const port = await freePort();
    const started = await start({ rsaKey__module__url: `http://127.0.0.1:${port}` }, 'live');
    const { url } = started;
    await until(() => started.logs.some((line) => line['code'] === 'KEY_PROVIDER_UNAVAILABLE'), 'the log says so');
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    const front = await keyService.alsoOn(port);
    try {
      await until(async () => (await fetch(`${url}/health/ready`)).status === 200, 'it is ready', 30_000);
    } finally {
      front.close();
    }
  });

  test('is asked at most twice for each data key between start and ready', async () => {
    const database = { database__sqliteConnectionString: `Data Source=${join(folder.path, 'counted.db')}` };
    const expectAtMostTwiceEach = async (dataKeys: number): Promise<void> => {
      const before = keyService.calls.length;
      await start(database);
      const calls = keyService.calls.slice(before);
      expect(calls.filter((call) => call.startsWith('decrypt'))).toHaveLength(dataKeys);
      expect(calls.length).toBeLessThanOrEqual(2 * dataKeys);
    };
    // The first start makes the ring: its identity and one data key, each opened again before anyone relies on it.
    await expectAtMostTwiceEach(2);
    await expectAtMostTwiceEach(1);
  });

  test('needs nothing of ours at run time', async () => {
    const imports = (await readFile(join(packageFolder, 'dist/index.js'), 'utf8')).match(/from '.*'/g) ?? [];
    expect(imports.filter((one) => one.includes('key-connector'))).toEqual([]);
  });
});
