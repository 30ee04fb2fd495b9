import { join } from 'node:path';
import { installDebian } from '../../test/lab/packages/debian.ts';
import { outcomeOf, run } from '../../test/lab/processes/child-process.ts';

/** The percentiles of latency that are reported, in the order of the figures; requests.lua has the same list. */
export const percentiles = [50, 75, 90, 99, 99.9] as const;

/** What one run of the load generator saw. */
export interface LoadResult {
  readonly requests: number;
  readonly microseconds: number;
  /** Latency at each of `percentiles`. */
  readonly percentilesUs: readonly number[];
  readonly badStatus: number;
  readonly socketErrors: number;
}

/** One run of the load generator. */
export interface Load {
  readonly url: string;
  readonly method: 'GET' | 'PUT';
  /** One `token key` a line. */
  readonly memberFile: string;
  readonly connections: number;
  readonly seconds: number;
}

/** Makes sure that wrk is there: installs Debian's package as root, otherwise says how to get it. */
export async function ensureWrk(): Promise<void> {
  // `wrk -v` prints its version and exits with 1.
  const { stdout, stderr } = await outcomeOf('wrk', ['-v']).catch(() => ({ stdout: '', stderr: '' }));
  if (!(stdout + stderr).startsWith('wrk ')) await installDebian(['wrk']);
}

/** Loads `/user-keys` over the given connections; throws when any answer is an error. */
export async function runLoad({ url, method, memberFile, connections, seconds }: Load): Promise<LoadResult> {
  const script = join(import.meta.dirname, 'requests.lua');
  // One thread drives 64 connections at far more than the targets can answer, and leaves the other core to them.
  const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--latency', '-s', script, url];
  const printed = await run('wrk', [...args, '--', method, memberFile, new URL(url).host]);
  const line = /^RESULT (.*)$/m.exec(printed)?.[1];
  if (line === undefined) throw new Error(`wrk printed no result:\n${printed}`);
  const result = JSON.parse(line) as LoadResult;
  if (result.badStatus > 0 || result.socketErrors > 0) {
    throw new Error(
      `${url}: ${result.badStatus} answers with an error status, ${result.socketErrors} failed connections.`,
    );
  }
  return result;
}
