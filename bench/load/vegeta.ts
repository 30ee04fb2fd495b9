import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { benchTools } from '../../scripts/tools/catalogue.ts';
import { installAll } from '../../scripts/tools/tool.ts';
import { tempFolder } from '../../test/lab/files/temp-folder.ts';
import { installedTool } from '../../test/lab/packages/tools.ts';
import { run } from '../../test/lab/processes/child-process.ts';
import type { Member } from '../members.ts';
import { clientHeaders, latencyOf, type LoadResult } from './load.ts';

/** One run of an open loop: a request is sent when it is due, whatever has become of those before it. */
export interface Attack {
  readonly url: string;
  /** Who comes, in this order; from the first one again when all were there. */
  readonly members: readonly Member[];
  /** Requests/s. */
  readonly rate: number;
  readonly seconds: number;
  /** At most so many; a request that finds none free waits for one, and its latency counts meanwhile. */
  readonly connections: number;
}

/** Makes sure that vegeta is there; throws why it is not. */
export async function ensureVegeta(): Promise<void> {
  await installAll([], benchTools);
  const { installed, reason } = installedTool('vegeta');
  if (!installed) throw new Error(`The part "rates" needs vegeta, which Go builds: ${reason}`);
}

/** Sends `GET /user-keys` at a fixed rate; throws when any answer is an error. */
export async function attack({ url, members, rate, seconds, connections }: Attack): Promise<LoadResult> {
  const vegeta = installedTool('vegeta').file('vegeta');
  const folder = await tempFolder('attack');
  try {
    const [seen, table] = [join(folder.path, 'seen'), join(folder.path, 'table')];
    const headers = Object.entries(clientHeaders).flatMap(([name, value]) => ['-header', `${name}: ${value}`]);
    const pace = ['-rate', String(rate), '-duration', `${seconds}s`, '-max-connections', String(connections)];
    // Without its own metrics, which it would serve on every address; answers are looked at before and after.
    const frugal = ['-prometheus-addr', '', '-max-body', '0', '-output', seen];
    await run(vegeta, ['attack', '-format', 'json', ...pace, ...headers, ...frugal], {
      input: targetsOf(url, members),
    });
    await run(vegeta, ['encode', '-to', 'csv', '-output', table, seen]);
    return resultOf(hitsOf(await readFile(table, 'utf8')), rate);
  } finally {
    await folder.remove();
  }
}

/** The members' requests, one JSON object a line. */
function targetsOf(url: string, members: readonly Member[]): string {
  const targets = members.map(({ token }) => ({
    method: 'GET',
    url: `${url}/user-keys`,
    header: { Authorization: [`Bearer ${token}`] },
  }));
  return targets.map((target) => JSON.stringify(target)).join('\n');
}

/** A request as vegeta saw it. */
interface Hit {
  /** Its place in the order, from 0. */
  readonly number: number;
  /** When it was sent, in ns after the first one. */
  readonly sentNs: number;
  readonly latencyNs: number;
}

/** The rows of `vegeta encode -to csv`; `vegeta encode -h` has the columns. */
function hitsOf(table: string): Hit[] {
  const rows = table
    .trimEnd()
    .split('\n')
    .map((row) => row.split(','));
  // Nanoseconds since 1970 are too many digits for a number.
  const first = BigInt(rows[0]?.[0] ?? 0);
  const failed = rows.filter(([, status]) => status !== '200');
  if (failed.length > 0) {
    const [, status = '', , , , error = ''] = failed[0] ?? [];
    throw new Error(`${failed.length} of ${rows.length} requests failed, the first with status ${status}: ${error}`);
  }
  return rows.map(([sent = '', , latency, , , , , , number]) => ({
    number: Number(number),
    sentNs: Number(BigInt(sent) - first),
    latencyNs: Number(latency),
  }));
}

/** Go waits in whole milliseconds for what is due next: vegeta comes late by up to one, whatever the target does. */
const timerNs = 1e6;

/**
 * Latency from when a request was due. Vegeta counts from when it sends it, or would if a connection were free. Where
 * it was kept from that (the target has taken the processor), the time counts too, but for what its timer alone
 * explains.
 */
function resultOf(hits: readonly Hit[], rate: number): LoadResult {
  const intervalNs = Math.floor(1e9 / rate);
  const offsetOf = ({ number, sentNs }: Hit): number => sentNs - number * intervalNs;
  // The plan begins where the most punctual request was sent on time.
  const beganNs = hits.map(offsetOf).reduce((a, b) => Math.min(a, b));
  const latenciesNs = hits
    .map((hit) => hit.latencyNs + Math.max(0, offsetOf(hit) - beganNs - timerNs))
    .sort((a, b) => a - b);
  const endNs = hits.map(({ sentNs, latencyNs }) => sentNs + latencyNs).reduce((a, b) => Math.max(a, b));
  return {
    requests: hits.length,
    rps: hits.length / (endNs / 1e9),
    latencyMs: latencyOf((percentile) => (latenciesNs[Math.ceil((percentile / 100) * hits.length) - 1] ?? NaN) / 1e6),
  };
}
