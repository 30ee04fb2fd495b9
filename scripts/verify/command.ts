import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { type Check, verdict } from './outcome.ts';

/** The repository's root, where every command runs. */
export const root = resolve(import.meta.dirname, '../..');

interface Ended {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a program of node_modules/.bin or PATH and keeps what it prints; with `live`, shows it at once as well. */
export function run(program: string, args: readonly string[], live = false): Promise<Ended> {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (live) process.stdout.write(text);
    });
  }
  return new Promise((done) => {
    child.once('error', (error) => {
      done({ ok: false, output: `${program} did not start: ${error.message}` });
    });
    // Not `exit`: the last lines may still be in the pipe.
    child.once('close', (code) => {
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
