import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const folders = process.platform === 'linux' ? (process.env['PATH'] ?? '').split(delimiter) : [];
const hasSetpriv = folders.some((folder) => existsSync(join(folder, 'setpriv')));

/**
 * The command line under which the kernel kills the program when this process dies, however it dies: jest runs no exit
 * listener of a test. Where there is no setpriv (util-linux, Linux only) it is the program's own.
 */
export function tiedToUs(program: string, args: readonly string[]): [string, string[]] {
  return hasSetpriv ? ['setpriv', ['--pdeathsig=KILL', '--', program, ...args]] : [program, [...args]];
}
