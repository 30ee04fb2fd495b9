import { Child, type Ending } from '../../../lab/processes/child-process.js';

/** How a program ended, and what it said. */
export interface Outcome {
  readonly exitCode: Ending;
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
  const waiting = [...answers];
  let unanswered = '';
  const child = new Child(program, args, {
    env,
    ...(answers.length > 0 ? { typing: true } : { input: input ?? '' }),
    listen: (text) => {
      unanswered += text;
      if (!waiting[0]?.prompt.test(plain(unanswered))) return;
      unanswered = '';
      child.type(waiting.shift()?.keys ?? '');
    },
  });
  const timer = setTimeout(() => {
    child.signal('SIGKILL');
  }, patienceMs);
  const exitCode = await child.closed;
  clearTimeout(timer);
  if (exitCode === 'SIGKILL') {
    throw new Error(`${args.join(' ')} did not end in ${patienceMs} ms; it printed:\n${plain(child.output)}`);
  }
  return { exitCode, stdout: plain(child.stdout).trim(), stderr: plain(child.stderr).trim() };
}

/** Text without the codes that move a terminal's cursor and colour its output (ECMA-48). */
function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
}
