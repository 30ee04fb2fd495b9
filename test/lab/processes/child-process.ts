import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { atExit } from './at-exit.ts';
import { tiedToUs, unprivileged } from './command-line.ts';
import { freeze, thaw } from './proc.ts';
import { until } from './until.ts';

/** How a program ended: its exit code, or the name of the signal that ended it. */
export type Ending = number | NodeJS.Signals;

/** How a program is started; `program` and its arguments go beside it. */
export interface ChildOptions {
  /** Exactly these variables; those of this process when left out. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** As nobody where this process is root. */
  readonly unprivileged?: boolean;
  /** Written to its standard input, which then ends; without it there is nothing to read. */
  readonly input?: string;
  /** Keeps its standard input open for `type`. */
  readonly typing?: boolean;
  /** Lets it have a group of its own, so that a signal reaches all that it starts as well. */
  readonly group?: boolean;
  /** Gets what it prints, as it comes. */
  readonly listen?: (text: string, stream: 'stdout' | 'stderr') => void;
  /** The file that gets all that it prints, past this process. */
  readonly logFile?: string;
}

/** Characters of what a program prints that are kept. */
const keptOutput = 8_000_000;

const stopDeadlineMs = 10_000;

/** A program that this process has started, and that does not outlive it. */
export class Child implements AsyncDisposable {
  readonly pid: number;
  /** Resolves when it has ended; rejects when it could not be started. */
  readonly exited: Promise<Ending>;
  /** The same, once nobody holds its outputs any more: all that was printed has arrived. */
  readonly closed: Promise<Ending>;
  private readonly process: ChildProcess;
  private readonly options: ChildOptions;
  private readonly program: string;
  private printed = { stdout: '', stderr: '', both: '' };

  /** Starts it; a program that is not there shows in `exited`. */
  constructor(program: string, args: readonly string[], options: ChildOptions = {}) {
    const { env, cwd, input, typing = false, group = false, logFile } = options;
    const log = logFile === undefined ? 'pipe' : openSync(logFile, 'a');
    const stdio: StdioOptions = [input === undefined && !typing ? 'ignore' : 'pipe', log, log];
    const commandLine = (options.unprivileged === true ? unprivileged : tiedToUs)(program, args);
    this.process = spawn(...commandLine, { env, cwd, detached: group, stdio });
    if (log !== 'pipe') closeSync(log);
    this.options = options;
    this.program = program;
    this.pid = this.process.pid ?? 0;
    for (const name of ['stdout', 'stderr'] as const) {
      this.process[name]?.setEncoding('utf8').on('data', (text: string) => {
        this.hear(name, text);
      });
    }
    // A program may end before it has read everything: how it ended tells the rest.
    this.process.stdin?.on('error', () => undefined);
    if (!typing) this.process.stdin?.end(input);
    const forget = atExit(() => {
      this.signal('SIGKILL');
    });
    this.exited = this.when('exit');
    this.closed = this.when('close');
    this.exited.then(forget, forget);
  }

  get running(): boolean {
    return this.pid !== 0 && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** The last of what it printed. */
  get output(): string {
    const { logFile } = this.options;
    if (logFile === undefined) return this.printed.both;
    // A device may be without end.
    return statSync(logFile).isFile() ? readFileSync(logFile, 'utf8').slice(-keptOutput) : '';
  }

  get stdout(): string {
    return this.printed.stdout;
  }

  get stderr(): string {
    return this.printed.stderr;
  }

  /** Writes to its standard input, as at a keyboard. */
  type(text: string): void {
    this.process.stdin?.write(text);
  }

  /** Sends a signal, if it still runs. */
  signal(signal: NodeJS.Signals): void {
    if (!this.running) return;
    try {
      process.kill(this.options.group === true ? -this.pid : this.pid, signal);
    } catch {
      // It ended at this very moment.
    }
  }

  /** Sends a signal, and waits for the end. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ending> {
    this.signal(signal);
    return this.exited;
  }

  /** Asks it to end and waits; kills it after ten seconds. */
  async stop(): Promise<Ending> {
    const deadline = setTimeout(() => {
      this.signal('SIGKILL');
    }, stopDeadlineMs);
    return this.kill('SIGTERM').finally(() => {
      clearTimeout(deadline);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop().then(() => undefined);
  }

  /** Stops it where it stands: its connections stay open, and nothing answers. */
  freeze(): Promise<void> {
    return freeze(this.pid);
  }

  /** Lets it go on after `freeze`. */
  thaw(): void {
    thaw(this.pid);
  }

  /** Waits until `ready` holds; when it ends or takes too long, kills it and throws what it printed. */
  async until(ready: () => Promise<boolean>, what: string, timeoutMs = 30_000, everyMs = 20): Promise<void> {
    const said = (): string => `It said:\n${this.output.slice(-20_000)}`;
    try {
      await until(
        async () => !this.running || (await ready()),
        () => `${what}. ${said()}`,
        timeoutMs,
        everyMs,
      );
    } catch (error) {
      await this.kill();
      throw error;
    }
    if (!this.running) throw new Error(`${this.program} ended with ${await this.exited} before: ${what}. ${said()}`);
  }

  private when(event: 'exit' | 'close'): Promise<Ending> {
    const ending = new Promise<Ending>((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once(event, (code: number | null, signal: NodeJS.Signals | null) => {
        resolve(code ?? signal ?? 0);
      });
    });
    // Who asks is told; that nobody asks is no fault.
    ending.catch(() => undefined);
    return ending;
  }

  private hear(stream: 'stdout' | 'stderr', text: string): void {
    for (const name of [stream, 'both'] as const) this.printed[name] = (this.printed[name] + text).slice(-keptOutput);
    this.options.listen?.(text, stream);
  }
}

/** How a program ended, and what it printed. */
export interface Outcome {
  readonly code: Ending;
  readonly stdout: string;
  readonly stderr: string;
}

type RunOptions = ChildOptions & { readonly minutes?: number };

/** Runs a program to its end; one that takes longer than `minutes`, 15 unless told otherwise, is killed, and throws. */
export async function outcomeOf(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { code, child } = await completed(program, args, options);
  return { code, stdout: child.stdout, stderr: child.stderr };
}

/** Runs a program to its end and gives what it printed; throws that when it fails. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, child } = await completed(program, args, options);
  if (code !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${code}:\n${child.output}`);
  return child.output;
}

async function completed(
  program: string,
  args: readonly string[],
  { minutes = 15, ...options }: RunOptions,
): Promise<{ code: Ending; child: Child }> {
  const child = new Child(program, args, options);
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      child.signal('SIGKILL');
      // Not at its end: what has left its group may hold its outputs open.
      reject(new Error(`${program} was ended: it still ran after ${minutes} minutes.\n${child.output}`));
    }, minutes * 60_000);
  });
  const code = await Promise.race([child.closed, deadline]).finally(() => {
    clearTimeout(timer);
  });
  return { code, child };
}
