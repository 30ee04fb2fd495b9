import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** How a program ended, and what it said. */
export interface Outcome {
  readonly exitCode: number | null;
  /** Without surrounding blanks. */
  readonly stdout: string;
  /** Without surrounding blanks, terminal codes removed. */
  readonly stderr: string;
}

/** What to run: everything secret goes through `env` or `input`, never through the arguments. */
export interface Run {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Written to standard input at once; the end of input follows. */
  readonly input?: string;
  /** Written to standard input one after the other, each when its prompt has been printed since the last one. */
  readonly answers?: readonly { readonly prompt: RegExp; readonly keys: string }[];
}

const patienceMs = 45_000;

/** Runs a program to its end; one that hangs is killed, and the error says what it had printed. */
export async function run({ program, args, env, input, answers = [] }: Run): Promise<Outcome> {
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(program, args, { env, stdio: 'pipe' });
  const closed = once(child, 'close') as Promise<[number | null]>;
  const printed = { stdout: '', stderr: '' };
  const waiting = [...answers];
  let unanswered = '';
  const hear = (stream: 'stdout' | 'stderr') => (chunk: string) => {
    printed[stream] += chunk;
    unanswered += chunk;
    if (!waiting[0]?.prompt.test(plain(unanswered))) return;
    unanswered = '';
    child.stdin.write(waiting.shift()?.keys ?? '');
  };
  child.stdout.setEncoding('utf8').on('data', hear('stdout'));
  child.stderr.setEncoding('utf8').on('data', hear('stderr'));
  // The program may end before it has read everything; its exit code tells the rest.
  child.stdin.on('error', () => undefined);
  if (answers.length === 0) child.stdin.end(input);

  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  const [exitCode] = await closed;
  clearTimeout(timer);
  if (child.signalCode === 'SIGKILL') {
    throw new Error(
      `${args.join(' ')} did not end in ${patienceMs} ms; it printed:\n${plain(printed.stdout + printed.stderr)}`,
    );
  }
  return { exitCode, stdout: plain(printed.stdout).trim(), stderr: plain(printed.stderr).trim() };
}

/** Text without the codes that move a terminal's cursor and colour its output (ECMA-48). */
function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
}
