import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { Child, type Outcome } from '../lab/processes/child-process.js';
import { cliEntry, productionEnvironment, runCli, startService } from '../lab/service/service.process.js';

const certificate = resolve(import.meta.dirname, '../fixtures/classic/bwkc-aes.pfx');

describe('key-connector init', () => {
  let folder: TempFolder;
  let issuer: IssuerServer;
  let count = 0;
  const fresh = (): string => join(folder.path, String((count += 1)));
  const init = (...options: string[]): Promise<Outcome> => runCli(['init', ...options], {});
  beforeAll(async () => {
    folder = await tempFolder('init');
    issuer = await startIssuer();
  });
  afterAll(async () => {
    await issuer.stop();
    await folder.remove();
  });
  const byFlags = (directory: string): string[] => [
    ...['--directory', directory, '--web-vault', 'https://vault.example', '--identity', issuer.uri],
    ...['--database', 'sqlite'],
  ];

  test('by flags alone writes what the service starts with, for its owner only, and what to back up', async () => {
    const directory = fresh();
    const { code, stdout } = await init(...byFlags(directory), '--make-certificate', '--json');
    expect(code).toBe(0);
    const { files, backUp } = JSON.parse(stdout) as { files: string[]; backUp: string[] };
    expect(readdirSync(directory).sort()).toEqual([...files].sort());
    expect(backUp).toEqual(['bwkc.pfx', 'certificate-password']);
    for (const name of files) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);

    const env = { KEY_CONNECTOR_CONFIG: join(directory, 'config.yaml') };
    const environment = { ...productionEnvironment({}), ...env };
    const checked = new Child(process.execPath, [cliEntry, 'config', 'check', '--json'], { env: environment });
    expect([await checked.closed, JSON.parse(checked.stdout)]).toEqual([0, { valid: true, problems: [], remarks: [] }]);

    const service = await startService({ settings: {}, env });
    try {
      const member = randomUUID();
      const key = randomBytes(32).toString('base64');
      const headers = {
        authorization: `Bearer ${issuer.token({ claims: { sub: member } })}`,
        'content-type': 'application/json',
      };
      const url = `${service.url}/user-keys`;
      expect((await fetch(url, { method: 'POST', headers, body: JSON.stringify({ key }) })).status).toBe(200);
      expect(await (await fetch(url, { headers })).json()).toEqual({ key });
    } finally {
      await service.terminate();
    }

    const before = files.map((name) => readFileSync(join(directory, name), 'base64'));
    expect(await init(...byFlags(directory), '--make-certificate')).toMatchObject({ code: 6, stdout: '' });
    expect(files.map((name) => readFileSync(join(directory, name), 'base64'))).toEqual(before);
  });

  test('where nobody can be asked, names the option that is missing; what is wrong is told; nothing is written', async () => {
    const directory = fresh();
    const missing = await init('--directory', directory, '--web-vault', 'https://vault.example');
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('--identity <url>') as unknown });
    const wrong = await init(...byFlags(directory), '--certificate', certificate, '--set', 'http__port=many');
    expect(wrong).toMatchObject({ code: 3, stderr: expect.stringContaining('http__port: must be') as unknown });
    const secret = await init(...byFlags(directory), '--set', 'rsaKey__pkcs11LoginPin=1234');
    expect(secret).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('rsaKey__pkcs11LoginPin_FILE') as unknown,
    });
    const dry = await init(...byFlags(directory), '--make-certificate', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('Would write') as unknown });
    expect(existsSync(directory)).toBe(false);
  });

  test('takes a connection string from a file, and another key provider by its settings', async () => {
    const directory = fresh();
    const connection = join(folder.path, 'connection');
    await writeFile(connection, 'Host=db;Database=keys;Username=kc;Password=hunter2canary\n');
    const { code, stdout, stderr } = await init(
      ...byFlags(directory).slice(0, -2),
      ...['--database', 'postgresql', '--connection-string-file', connection, '--mounted-at', '/etc/key-connector'],
      ...['--set', 'rsaKey__provider=awskms', '--set', 'rsaKey__awsKeyId=1234', '--set', 'rsaKey__awsRegion=eu-west-1'],
    );
    expect([code, stderr]).toEqual([0, '']);
    const yaml = readFileSync(join(directory, 'config.yaml'), 'utf8');
    expect(yaml).toContain('postgreSqlConnectionString_FILE: /etc/key-connector/database-connection-string');
    expect(yaml + stdout).not.toContain('hunter2canary');
    expect(readFileSync(join(directory, 'database-connection-string'), 'utf8')).toContain('hunter2canary');
  });

  describe('at a terminal', () => {
    /** util-linux’s `script` gives a program a terminal. */
    const atTerminal = (directory: string): Child =>
      new Child(
        'script',
        ['-qec', `'${process.execPath}' '${cliEntry}' init --directory '${directory}'`, '/dev/null'],
        {
          env: { ...productionEnvironment({}), TERM: 'xterm' },
          typing: true,
        },
      );
    const answer = async (child: Child, question: string, keys: string): Promise<void> => {
      await child.until(() => Promise.resolve(child.output.includes(question)), `asks: ${question}`);
      child.type(keys);
    };

    test('asks for what was not given, and writes it', async () => {
      const directory = fresh();
      const child = atTerminal(directory);
      await answer(child, 'open the web vault?', 'https://vault.example\r');
      // The one that is suggested.
      await answer(child, 'as seen from this service?', '\r');
      await answer(child, 'keys kept?', '\u001B[A\r');
      await answer(child, 'Make a certificate', 'n\r');
      await answer(child, 'Path of the PKCS#12', `${certificate}\r`);
      await answer(child, 'Its password', 'fixture-password\r');
      expect([await child.closed, child.output]).toEqual([0, expect.stringContaining('Wrote into')]);
      expect(readFileSync(join(directory, 'config.yaml'), 'utf8')).toContain('https://vault.example/identity');
      expect(child.output).not.toContain('fixture-password');
    });

    test('Ctrl-C at a question ends it, and nothing was written', async () => {
      const directory = fresh();
      const child = atTerminal(directory);
      await answer(child, 'open the web vault?', '\u0003');
      expect(await child.closed).toBe(130);
      expect(existsSync(directory)).toBe(false);
    });
  });
});
