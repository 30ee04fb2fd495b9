import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

const running = new Set<ChildProcess>();
let ends = false;

/** Starts a program in a process group of its own, so that it can be ended together with all that it starts. */
export function spawnGroup(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string },
): ChildProcessByStdio<null, Readable, Readable> {
  endWithThisProcess();
  const child = spawn(program, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('error', () => running.delete(child));
  child.once('close', () => running.delete(child));
  return child;
}

/** Ends every process of the group, at once. */
export function endGroup(child: ChildProcess): void {
  running.delete(child);
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

/** A terminal's Ctrl-C goes to this process' group, which the children have left. */
function endWithThisProcess(): void {
  if (ends) return;
  ends = true;
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      for (const child of running) endGroup(child);
      process.exit(code);
    });
  }
}
