import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { exitOf } from './child-process.ts';
import { tiedToUs } from './tied-to-us.ts';

const root = resolve(import.meta.dirname, '../..');

/** The production build's entry file. */
export const cliEntry = resolve(root, 'dist/cli/apps/cli/src/main.js');

/** What a command did. */
export interface CliResult {
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `key-connector <args>` of the production build to its end, with exactly these settings (path → value). */
export async function runCli(args: readonly string[], settings: Readonly<Record<string, string>>): Promise<CliResult> {
  if (!existsSync(cliEntry)) throw new Error('There is no build to test: run "npm run build" first.');
  const environment = Object.entries(settings).map(([path, value]) => [`keyConnectorSettings__${path}`, value]);
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(...tiedToUs(process.execPath, [cliEntry, ...args]), {
    env: { PATH, HOME, NODE_ENV: 'production', ...(Object.fromEntries(environment) as Record<string, string>) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  return { code: await exitOf(child), ...output };
}
