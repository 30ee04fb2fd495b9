import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { exitOf, isRunning, run } from '../lab/child-process.js';
import { type Deployment, startDeployment } from '../lab/deployment.js';
import { freePort } from '../lab/free-port.js';
import { serviceEntry } from '../lab/service.process.js';
import { tiedToUs } from '../lab/tied-to-us.js';
import { until } from '../lab/until.js';

/** The built service as a shell starts it, with what stands behind its command line. */
class FromShell {
  output = '';
  readonly child: ChildProcess;

  constructor(redirection: string, settings: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>) {
    const named = Object.entries(settings).map(([name, value]) => [`keyConnectorSettings__${name}`, value]);
    const command = `exec "$0" "$1" ${redirection}`;
    const child = spawn(...tiedToUs('bash', ['--norc', '-c', command, process.execPath, serviceEntry]), {
      env: { PATH: process.env['PATH'], ...env, ...(Object.fromEntries(named) as Record<string, string>) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.child = child;
  }

  /** Whether it has opened the key, rather than ended. */
  async isReady(): Promise<boolean> {
    const isReady = (): boolean => this.output.includes('"msg":"ready"');
    await until(
      () => isReady() || !isRunning(this.child),
      () => `it is ready or ends. It said:\n${this.output}`,
      30_000,
    );
    return isReady();
  }

  exit(): Promise<number | NodeJS.Signals> {
    return exitOf(this.child);
  }
}

describe('a secret that the service reads from a file', () => {
  let deployment: Deployment;
  let password: string;
  let started: FromShell | undefined;

  beforeAll(async () => {
    deployment = await startDeployment();
    password = deployment.settings['certificate__filesystemPassword'] ?? '';
    await deployment.service.kill();
  });
  afterEach(async () => {
    started?.child.kill('SIGKILL');
    await started?.exit();
    started = undefined;
  });
  afterAll(() => deployment.stop());

  /** The settings of the deployment without the password, on a port of their own. */
  const withoutPassword = async (): Promise<Record<string, string>> => {
    const settings = Object.entries(deployment.settings).filter(([name]) => name !== 'certificate__filesystemPassword');
    return { ...Object.fromEntries(settings), http__host: '127.0.0.1', http__port: String(await freePort()) };
  };
  const start = async (redirection: string, path: string): Promise<FromShell> => {
    const settings = { ...(await withoutPassword()), certificate__filesystemPassword_FILE: path };
    started = new FromShell(redirection, settings, { SECRET: password });
    return started;
  };

  test.each([
    ['the process substitution of a shell', '9< <(printf %s "$SECRET")', '/dev/fd/9'],
    ['one that takes its time', '9< <(sleep 1; printf %s "${SECRET:0:4}"; sleep 0.5; echo "${SECRET:4}")', '/dev/fd/9'],
    ['a here-string', '9<<< "$SECRET"', '/dev/fd/9'],
    ['standard input', '< <(printf %s "$SECRET")', '/dev/stdin'],
  ])('may be %s', async (_, redirection, path) => {
    const service = await start(redirection, path);
    expect(await service.isReady()).toBe(true);
  });

  test('may be a FIFO that somebody writes', async () => {
    const fifo = join(deployment.folder, 'written');
    await run('mkfifo', [fifo]);
    const service = await start('', fifo);
    await writeFile(fifo, password);
    expect(await service.isReady()).toBe(true);
  });

  test('may stand in a YAML file that is a pipe itself', async () => {
    const yaml = `keyConnectorSettings: {log: {level: debug}, certificate: {filesystemPassword_FILE: /dev/fd/9}}`;
    started = new FromShell(`8<<< '${yaml}' 9< <(printf %s "$SECRET")`, await withoutPassword(), {
      SECRET: password,
      KEY_CONNECTOR_CONFIG: '/dev/fd/8',
    });
    expect(await started.isReady()).toBe(true);
  });

  test.each([
    ['an empty pipe', '9< <(true)', '/dev/fd/9', '/dev/fd/9 is empty'],
    ['a pipe that is not there', '', '/dev/fd/90', '/dev/fd/90 does not exist'],
  ])('ends the start when it is %s, with setting and file', async (_, redirection, path, why) => {
    const service = await start(redirection, path);
    expect(await service.exit()).toBe(1);
    expect(service.output).toBe(
      `1 problem in the settings:\n  certificate__filesystemPassword: cannot be read: ${why} ` +
        '(environment: keyConnectorSettings__certificate__filesystemPassword_FILE)\n',
    );
  });

  test('ends the start when it is a FIFO that nobody writes, with setting and file', async () => {
    const fifo = join(deployment.folder, 'silent');
    await run('mkfifo', [fifo]);
    const service = await start('', fifo);
    expect(await service.exit()).toBe(1);
    expect(service.output).toContain(
      `certificate__filesystemPassword: cannot be read: ${fifo} gave nothing within 10 seconds`,
    );
  });
});
