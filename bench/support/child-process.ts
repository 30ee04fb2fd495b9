import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';

/** A child of this run, its output in a file. */
export interface Child extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly exited: boolean;
  /** The last lines that it wrote. */
  output(): string;
  /** Asks it to stop and waits; kills it when it takes longer than ten seconds. */
  stop(): Promise<void>;
}

/** How to start a child. */
export interface ChildCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly environment?: Record<string, string>;
  readonly stopSignal?: NodeJS.Signals;
}

const stopDeadlineMs = 10_000;

/** Starts a child with exactly the given environment and PATH. */
export function startChild(options: ChildCommand): Child {
  const log = openSync(options.logFile, 'a');
  const child = spawn(options.command, options.args, {
    env: { PATH: process.env['PATH'] ?? '', ...options.environment },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  // A spawn that fails has no pid, which is reported below; without a listener the event would end this process.
  child.on('error', () => undefined);
  if (child.pid === undefined) throw new Error(`${options.name}: ${options.command} could not be started.`);
  const stop = (): Promise<void> => stopChild(child, options.stopSignal ?? 'SIGTERM');
  return {
    name: options.name,
    pid: child.pid,
    get exited() {
      return hasExited(child);
    },
    output: () => readFileSync(options.logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function stopChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasExited(child)) return;
  const exit = once(child, 'exit');
  const deadline = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs);
  child.kill(signal);
  await exit;
  clearTimeout(deadline);
}
