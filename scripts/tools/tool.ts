import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type DebianPackage, installDebian, missingOf } from '../../test/lab/packages/debian.ts';

/** Where tools lie, one folder each; git ignores it. */
const toolsFolder = resolve(import.meta.dirname, '../../.tools');

/** A program of a pinned version that tests start. */
export interface Tool {
  /** With the version in it: another version is another folder. */
  readonly name: string;
  /** Puts the tool into an empty folder; throws an error that says why not. */
  readonly install: (folder: string) => Promise<void>;
  /** How long that takes, where somebody who waits would wonder. */
  readonly takes?: string;
}

// Standard output stays the task's own.
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Installs what is not here of Debian's packages and of tools. What cannot be had is said, and leaves its reason. */
export async function installAll(packages: readonly DebianPackage[], tools: readonly Tool[]): Promise<void> {
  const missing = missingOf(packages);
  if (missing.length > 0) {
    say(`Installing ${missing.join(', ')} …`);
    await installDebian(missing).catch((error: unknown) => {
      say(error instanceof Error ? error.message : String(error));
    });
  }
  for (const tool of tools) {
    const reason = await ensureTool(tool);
    if (reason !== undefined) say(`${tool.name} cannot be installed: ${reason}`);
  }
}

/**
 * Installs a tool where it is not there yet; a half-done install leaves nothing behind. A tool that cannot be had here
 * leaves its reason for the tests that will be skipped.
 */
async function ensureTool({ name, install, takes }: Tool): Promise<string | undefined> {
  const folder = join(toolsFolder, name);
  if (existsSync(join(folder, 'installed'))) return undefined;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  if (takes !== undefined) say(`Making ${name}: ${takes} …`);
  try {
    await install(folder);
    await writeFile(join(folder, 'installed.draft'), '');
    await rename(join(folder, 'installed.draft'), join(folder, 'installed'));
    return undefined;
  } catch (error) {
    const reason = lastLines(error instanceof Error ? error.message : String(error));
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'missing.txt'), reason);
    return reason;
  }
}

/** The first line says what was run, the last ones why it failed. */
function lastLines(message: string): string {
  const [first = '', ...rest] = message.trim().split('\n');
  return [first, ...rest.slice(-3)].join(' ');
}
