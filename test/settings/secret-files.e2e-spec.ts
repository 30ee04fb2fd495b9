import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../lab/network/free-port.js';
import { Child, run } from '../lab/processes/child-process.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { productionEnvironment, serviceEntry } from '../lab/service/service.process.js';

/** Starts the built service as a shell does, with what stands behind its command line there. */
const fromShell = (redirection: string, env: NodeJS.ProcessEnv): Child =>
  new Child('bash', ['--norc', '-c', `exec "$0" "$1" ${redirection}`, process.execPath, serviceEntry], { env });

/** Resolves once it has opened the key; throws what it printed when it ends before. */
const ready = (service: Child): Promise<void> =>
  service.until(() => Promise.resolve(service.output.includes('"msg":"ready"')), 'it is ready');

describe('a secret that the service reads from a file', () => {
  let deployment: Deployment;
  let password: string;
  let started: Child | undefined;
  /** Started first, because it takes its time until it gives up. */
  let silent: Child;
  const silentFifo = (): string => join(deployment.folder, 'silent');

  beforeAll(async () => {
    deployment = await startDeployment();
    password = deployment.settings['certificate__filesystemPassword'] ?? '';
    await deployment.service.kill();
    await run('mkfifo', [silentFifo()]);
    const silence = { ...(await withoutPassword()), certificate__filesystemPassword_FILE: silentFifo() };
    silent = fromShell('', productionEnvironment(silence));
  });
  afterEach(async () => {
    await started?.kill();
    started = undefined;
  });
  afterAll(async () => {
    await silent.kill();
    await deployment.stop();
  });

  /** The settings of the deployment without the password, on a port of their own. */
  const withoutPassword = async (): Promise<Record<string, string>> => {
    const settings = Object.entries(deployment.settings).filter(([name]) => name !== 'certificate__filesystemPassword');
    return { ...Object.fromEntries(settings), http__host: '127.0.0.1', http__port: String(await freePort()) };
  };
  const start = async (redirection: string, path: string): Promise<Child> => {
    const settings = { ...(await withoutPassword()), certificate__filesystemPassword_FILE: path };
    started = fromShell(redirection, { ...productionEnvironment(settings), SECRET: password });
    return started;
  };

  test.each([
    [
      'the process substitution of a shell, which takes its time',
      '9< <(sleep 1; printf %s "${SECRET:0:4}"; sleep 0.5; echo "${SECRET:4}")',
      '/dev/fd/9',
    ],
    ['a here-string', '9<<< "$SECRET"', '/dev/fd/9'],
    ['standard input', '< <(printf %s "$SECRET")', '/dev/stdin'],
  ])('may be %s', async (_, redirection, path) => {
    const service = await start(redirection, path);
    await expect(ready(service)).resolves.toBeUndefined();
  });

  test('may be a FIFO that somebody writes', async () => {
    const fifo = join(deployment.folder, 'written');
    await run('mkfifo', [fifo]);
    const service = await start('', fifo);
    await writeFile(fifo, password);
    await expect(ready(service)).resolves.toBeUndefined();
  });

  test('may stand in a YAML file that is a pipe itself', async () => {
    const yaml = `keyConnectorSettings: {log: {level: debug}, certificate: {filesystemPassword_FILE: /dev/fd/9}}`;
    started = fromShell(`8<<< '${yaml}' 9< <(printf %s "$SECRET")`, {
      ...productionEnvironment(await withoutPassword()),
      KEY_CONNECTOR_CONFIG: '/dev/fd/8',
      SECRET: password,
    });
    await expect(ready(started)).resolves.toBeUndefined();
  });

  test.each([
    ['an empty pipe', '9< <(true)', '/dev/fd/9', '/dev/fd/9 is empty'],
    ['a pipe that is not there', '', '/dev/fd/90', '/dev/fd/90 does not exist'],
  ])('ends the start when it is %s, with setting and file', async (_, redirection, path, why) => {
    const service = await start(redirection, path);
    expect(await service.closed).toBe(1);
    expect(service.output).toBe(
      `1 problem in the settings:\n  certificate__filesystemPassword: cannot be read: ${why} ` +
        '(environment: keyConnectorSettings__certificate__filesystemPassword_FILE)\n',
    );
  });

  test('ends the start when it is a FIFO that nobody writes, with setting and file', async () => {
    expect(await silent.closed).toBe(1);
    expect(silent.output).toContain(
      `certificate__filesystemPassword: cannot be read: ${silentFifo()} gave nothing within 10 seconds`,
    );
  });
});
