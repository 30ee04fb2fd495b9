import { resolve } from 'node:path';
import { outcomeOf } from '../../test/lab/processes/child-process.ts';
import { type Check, verdict } from './outcome.ts';

/** The repository's root, where every command runs. */
export const root = resolve(import.meta.dirname, '../..');

interface Ended {
  readonly ok: boolean;
  readonly output: string;
}

interface RunOptions {
  /** Shows what the program prints at once as well. */
  readonly live?: boolean;
  /** How long it may take before it is ended, with everything that it started. */
  readonly minutes?: number;
  /** Exactly these variables; those of this process when left out. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program of node_modules/.bin or PATH and gives what it printed. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { live = false, minutes = 15, env } = options;
  let output = '';
  const listen = (text: string): void => {
    output += text;
    if (live) process.stdout.write(text);
  };
  try {
    const { code } = await outcomeOf(program, args, {
      ...{ cwd: root, group: true, minutes, listen },
      ...(env !== undefined && { env }),
    });
    return { ok: code === 0, output };
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  }
}

/** A check that is one command: passed when it exits with 0. */
export function command(name: string, program: string, ...args: string[]): Check {
  return {
    name,
    run: async () => {
      const { ok, output } = await run(program, args);
      return verdict(ok, output);
    },
  };
}
