import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a program of Node's with this Node, and gives what it printed; that is in the error too when it fails. */
export async function runNode(args: readonly string[], cwd: string, nodeOptions = ''): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_OPTIONS: nodeOptions };
  const printed = await run(process.execPath, [...args], { cwd, env }).catch((error: unknown) => {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${args.join(' ')} failed in ${cwd}:\n${stdout}\n${stderr}`);
  });
  return printed.stdout + printed.stderr;
}
