import { resolve } from 'node:path';
import { type Check, verdict } from './outcome.ts';
import { endGroup, spawnGroup } from './process-group.ts';

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
}

/** Runs a program of node_modules/.bin or PATH and keeps what it prints. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { live = false, minutes = 15 } = options;
  const child = spawnGroup(program, args, { cwd: root });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (live) process.stdout.write(text);
    });
  }
  return new Promise((done) => {
    const deadline = setTimeout(() => {
      endGroup(child);
      // What has left the group may keep the pipes open: nobody waits for it.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      done({ ok: false, output: `${output}\n${program} was ended: it still ran after ${minutes} minutes.` });
    }, minutes * 60_000);
    child.once('error', (error) => {
      clearTimeout(deadline);
      done({ ok: false, output: `${program} did not start: ${error.message}` });
    });
    // Not `exit`: the last lines may still be in the pipe.
    child.once('close', (code) => {
      clearTimeout(deadline);
      done({ ok: code === 0, output });
    });
  });
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
