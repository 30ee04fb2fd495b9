import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { sharedFolder } from '../../../lab/files/shared-folder.js';
import { installBrowser } from './browser.js';
import { type Outcome, run, type Run } from './run.js';

/** Where a client is installed, and which authority it trusts. */
export interface Installation {
  /** It gets a folder of its own below this one. */
  readonly folder: string;
  readonly caFile: string;
}

/** One installed client with a state folder of its own: another device of the member. */
export class Client {
  private constructor(
    private readonly env: Readonly<Record<string, string>>,
    private readonly stateFile: string,
  ) {}

  /** A client like this one on another device: it knows the same servers, and nothing else. Only before any login. */
  async clone(installation: Installation): Promise<Client> {
    const client = await Client.install(installation);
    await copyFile(this.stateFile, client.stateFile);
    return client;
  }

  /** Installs a client that has to be told its servers. */
  static async install(installation: Installation): Promise<Client> {
    const home = await mkdtemp(join(installation.folder, 'client-'));
    const bin = join(home, 'bin');
    const data = join(home, 'data');
    await mkdir(bin);
    await mkdir(data);
    await installBrowser(bin);
    const env = {
      PATH: [bin, dirname(process.execPath), process.env['PATH']].join(':'),
      HOME: home,
      BITWARDENCLI_APPDATA_DIR: data,
      NODE_EXTRA_CA_CERTS: installation.caFile,
      // Megabytes of code, which each run would compile anew.
      NODE_COMPILE_CACHE: join(sharedFolder(), 'client-compiled'),
      TERM: 'xterm',
    };
    return new Client(env, join(data, 'data.json'));
  }

  /** Tells it where its servers are. */
  async configure(bitwardenUrl: string, keyConnectorUrl: string): Promise<void> {
    const { exitCode, stderr } = await this.run(['config', 'server', bitwardenUrl, '--key-connector', keyConnectorUrl]);
    if (exitCode !== 0) throw new Error(`bw config server failed: ${stderr}`);
  }

  /** Runs `bw` with nobody at the keyboard. */
  run(args: readonly string[], options: { env?: Record<string, string>; input?: string } = {}): Promise<Outcome> {
    return run({
      program: process.execPath,
      args: [clientProgram, ...args],
      env: { ...this.env, BW_NOINTERACTION: 'true', ...options.env },
      input: options.input ?? '',
    });
  }

  /** `unauthenticated`, `locked` or `unlocked`, as `bw status` says. */
  async status(): Promise<string> {
    const { stdout } = await this.run(['status']);
    return z.object({ status: z.string() }).parse(JSON.parse(stdout)).status;
  }

  /** Runs `bw` in a pseudo-terminal, where `answers` are typed as their prompts show; both outputs come as stdout. */
  runInTerminal(args: readonly string[], env: Record<string, string>, answers: Run['answers'] = []): Promise<Outcome> {
    const command = [process.execPath, clientProgram, ...args].map((word) => `'${word}'`).join(' ');
    return run({
      program: '/usr/bin/script',
      args: ['--quiet', '--return', '--command', command, '/dev/null'],
      env: { ...this.env, ...env },
      answers,
    });
  }
}

/** The client's program file; each run is a Node process of its own. */
const clientProgram = resolve(import.meta.dirname, '../../../tools/node_modules/@bitwarden/cli/build/bw.js');

/** Why the journeys cannot run on this machine; `undefined` where they can. */
export function missingForClient(): string | undefined {
  if (!existsSync(clientProgram)) return 'the @bitwarden/cli package is not installed: npm ci --prefix test/tools';
  if (process.platform !== 'linux') return 'the client is driven through a Linux pseudo-terminal (script, xdg-open)';
  if (!existsSync('/usr/bin/script')) return 'there is no /usr/bin/script (util-linux) for a pseudo-terminal';
  return undefined;
}
