import { join } from 'node:path';
import { installDebian } from '../../test/lab/packages/debian.ts';
import { outcomeOf, run } from '../../test/lab/processes/child-process.ts';
import { clientHeaders, type Latency, latencyOf, type LoadResult } from './load.ts';

/** One run of a closed loop: each connection sends its next request when it has the answer to the one before. */
export interface Load {
  readonly url: string;
  readonly method: 'GET' | 'PUT';
  /** One `token key` a line. */
  readonly memberFile: string;
  readonly connections: number;
  readonly seconds: number;
}

/** What requests.lua prints. */
interface Printed {
  readonly requests: number;
  readonly microseconds: number;
  readonly latencyUs: Latency;
  readonly badStatus: number;
  readonly socketErrors: number;
}

/** Makes sure that wrk is there: installs Debian's package as root, otherwise says how to get it. */
export async function ensureWrk(): Promise<void> {
  // `wrk -v` prints its version and exits with 1.
  const { stdout, stderr } = await outcomeOf('wrk', ['-v']).catch(() => ({ stdout: '', stderr: '' }));
  if (!(stdout + stderr).startsWith('wrk ')) await installDebian(['wrk']);
}

/** Loads `/user-keys` over the given connections; throws when any answer is an error. */
export async function runLoad({ url, method, memberFile, connections, seconds }: Load): Promise<LoadResult> {
  const headers = Object.entries(clientHeaders).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const script = join(import.meta.dirname, 'requests.lua');
  // One thread drives 64 connections at far more than the targets can answer, and leaves the other core to them.
  const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--latency', ...headers, '-s', script, url];
  const printed = await run('wrk', [...args, '--', method, memberFile]);
  const line = /^RESULT (.*)$/m.exec(printed)?.[1];
  if (line === undefined) throw new Error(`wrk printed no result:\n${printed}`);
  const { requests, microseconds, latencyUs, badStatus, socketErrors } = JSON.parse(line) as Printed;
  if (badStatus > 0 || socketErrors > 0) {
    throw new Error(`${url}: ${badStatus} answers with an error status, ${socketErrors} failed connections.`);
  }
  return {
    requests,
    rps: requests / (microseconds / 1e6),
    latencyMs: latencyOf((percentile) => latencyUs[percentile] / 1000),
  };
}
