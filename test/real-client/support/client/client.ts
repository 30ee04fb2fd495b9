import { mkdir, mkdtemp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { installBrowser } from './browser.js';
import { clientProgram } from './installation.js';
import { run, type Outcome, type Run } from './run.js';

/** One installed client with a state folder of its own: another device of the member. */
export class Client {
  private constructor(private readonly env: Readonly<Record<string, string>>) {}

  /** Installs a client below `folder` that trusts the authority in `caFile` and knows its servers. */
  static async install(options: {
    folder: string;
    caFile: string;
    bitwardenUrl: string;
    keyConnectorUrl: string;
  }): Promise<Client> {
    const home = await mkdtemp(join(options.folder, 'client-'));
    const bin = join(home, 'bin');
    await mkdir(bin);
    await installBrowser(bin);
    const client = new Client({
      PATH: [bin, dirname(process.execPath), process.env['PATH']].join(':'),
      HOME: home,
      BITWARDENCLI_APPDATA_DIR: join(home, 'data'),
      NODE_EXTRA_CA_CERTS: options.caFile,
      TERM: 'xterm',
    });
    const configured = await client.run([
      'config',
      'server',
      options.bitwardenUrl,
      '--key-connector',
      options.keyConnectorUrl,
    ]);
    if (configured.exitCode !== 0) throw new Error(`bw config server failed: ${configured.stderr}`);
    return client;
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
