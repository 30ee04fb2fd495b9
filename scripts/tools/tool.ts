import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Where tools lie, one folder each; git ignores it. */
const toolsFolder = resolve(import.meta.dirname, '../../.tools');

/** A program of a pinned version that tests start. */
export interface Tool {
  /** With the version in it: another version is another folder. */
  readonly name: string;
  /** Puts the tool into an empty folder; throws an error that says why not. */
  readonly install: (folder: string) => Promise<void>;
}

/**
 * Installs a tool where it is not there yet; a half-done install leaves nothing behind. A tool that cannot be had here
 * leaves its reason for the tests that will be skipped.
 */
export async function ensureTool({ name, install }: Tool): Promise<string | undefined> {
  const folder = join(toolsFolder, name);
  if (existsSync(join(folder, 'installed'))) return undefined;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    await install(folder);
    await writeFile(join(folder, 'installed.draft'), '');
    await rename(join(folder, 'installed.draft'), join(folder, 'installed'));
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'missing.txt'), reason);
    return reason;
  }
}

/** Runs a program to its end; throws with the last lines of what it said. */
export async function runTool(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd?: string,
): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, cwd });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-20_000)));
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', () => {
      fail(new Error(`${program} is not on this machine`));
    });
    child.once('close', done);
  });
  if (code === 0) return output;
  const last = output.trim().split('\n').slice(-3).join(' ');
  throw new Error(`${[program, ...args].join(' ')} ended with ${code ?? 'a signal'}: ${last}`);
}
