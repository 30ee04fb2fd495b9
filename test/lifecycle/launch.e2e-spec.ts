import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { certificateSettings, makeKeyCertificate } from '../lab/files/certificate.js';
import { tempFolder, type TempFolder } from '../lab/files/temp-folder.js';
import { freePort } from '../lab/network/free-port.js';
import { outcomeOf } from '../lab/processes/child-process.js';
import { cliEntry, serviceEntry, startService } from '../lab/service/service.process.js';
import { testIf } from '../lab/skip/skip.js';

const root = resolve(import.meta.dirname, '../..');
const { engines, scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  engines: { node: string };
  scripts: Record<string, string>;
};
const needed = engines.node.replace('>=', '');

/** The first Node of the system that is older than what we need. */
const [oldNode] = (
  await Promise.all(
    (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((folder) => join(folder, 'node'))
      .filter((file) => existsSync(file))
      .map(async (file) => ({ file, version: (await outcomeOf(file, ['--version'])).stdout.trim() })),
  )
).filter(({ version }) => version.slice(1).localeCompare(needed, 'en', { numeric: true }) < 0);

describe('a Node that is too old', () => {
  const { file, version } = oldNode ?? { file: '', version: '' };
  const said = `Key Connector needs Node.js ${needed} or later. It was started by ${version}, `;
  const here = oldNode !== undefined;
  const reason = `PATH has no Node older than ${needed}`;

  for (const [name, entry] of Object.entries({ service: serviceEntry, commands: cliEntry })) {
    testIf(here, reason, `is told by the ${name} which Node is needed and which it is`, async () => {
      const { code, stdout, stderr } = await outcomeOf(file, [entry]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(said);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    });
  }

  for (const name of ['start', 'key-connector']) {
    testIf(here, reason, `is told by "npm run ${name}", before it meets an option that it does not know`, async () => {
      const PATH = `${dirname(file)}${delimiter}${process.env['PATH'] ?? ''}`;
      const { code, stderr } = await outcomeOf('sh', ['-c', scripts[`pre${name}`] ?? ''], { cwd: root, env: { PATH } });
      expect(code).toBe(1);
      expect(stderr).toContain(said);
    });
  }
});

describe('compiled code', () => {
  let shared: TempFolder;
  beforeEach(async () => {
    shared = await tempFolder('shared');
    chmodSync(shared.path, 0o1777);
  });
  afterEach(() => shared.remove());

  /** What Node's compile cache says that it does. */
  const start = async (): Promise<string> => {
    const { code, stderr } = await outcomeOf(process.execPath, [cliEntry, '--version'], {
      env: { TMPDIR: shared.path, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
    });
    expect(code).toBe(0);
    return stderr;
  };

  test('is kept for the next start, in a folder that only this user can enter', async () => {
    await start();
    const own = `${shared.path}/key-connector-${process.getuid?.() ?? ''}`;
    expect(readdirSync(own)).not.toHaveLength(0);
    expect(await start()).toMatch(new RegExp(`reading cache from ${own}/.*success`));
  });

  const names = ['node-compile-cache', `key-connector-${process.getuid?.() ?? ''}`];
  testIf(
    process.getuid?.() === 0,
    'only root can give files away',
    'is neither read from a folder that another user made in the shared temporary folder, nor written there',
    async () => {
      for (const name of names) {
        mkdirSync(join(shared.path, name));
        chmodSync(join(shared.path, name), 0o777);
        chownSync(join(shared.path, name), 65534, 65534);
      }
      expect(await start()).not.toContain(shared.path);
      expect(names.flatMap((name) => readdirSync(join(shared.path, name)))).toEqual([]);
    },
  );
});

describe('SIGUSR1', () => {
  test('opens no inspector, however the service was started', async () => {
    const folder = await tempFolder();
    const inspectPort = await freePort();
    const service = await startService({
      settings: {
        identityServerUri: 'http://127.0.0.1:9',
        database__provider: 'sqlite',
        database__sqliteConnectionString: `Data Source=${folder.path}/keys.db`,
        ...certificateSettings(await makeKeyCertificate(folder.path)),
      },
      env: { NODE_OPTIONS: `--inspect-port=${inspectPort}` },
      waitFor: 'live',
    });
    try {
      for (let i = 0; i < 10; i += 1) {
        process.kill(service.pid, 'SIGUSR1');
        await sleep(50);
        expect(await listens(inspectPort)).toBe(false);
      }
      expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
      expect(service.output).not.toContain('Debugger');
    } finally {
      await service.terminate();
      await folder.remove();
    }
  });

  test.each(['start', 'key-connector'])('is left out from the first moment on by "npm run %s"', (name) => {
    expect(scripts[name]).toMatch(/^node --disable-sigusr1 /);
  });
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
