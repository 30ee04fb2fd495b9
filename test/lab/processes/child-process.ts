import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';

/** Resolves with the exit code, or the signal's name, once the process has ended. */
export function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const ended = (): number | NodeJS.Signals | null => child.exitCode ?? child.signalCode;
  return new Promise((resolve, reject) => {
    const now = ended();
    if (now !== null) {
      resolve(now);
      return;
    }
    child.once('exit', (code, signal) => {
      resolve(code ?? signal ?? 0);
    });
    child.once('error', reject);
  });
}

/** True while the process runs. */
export function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** Ids of the processes whose parent is `pid` (Linux only). */
export async function childrenOf(pid: number): Promise<number[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(ids.map((id) => readFile(`/proc/${id}/stat`, 'utf8').catch(() => '')));
  // "pid (name) state ppid …": the name may hold spaces and brackets, so read on after the last bracket.
  return stats
    .filter((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid)
    .map((stat) => Number.parseInt(stat, 10));
}

/** Runs a program to its end, and throws what it printed when it fails. */
export async function run(program: string, args: readonly string[], options: SpawnOptions = {}): Promise<string> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const result = await exitOf(child);
  if (result !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${result}:\n${output}`);
  return output;
}
