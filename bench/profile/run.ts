// Where the time of a request goes: `node bench/profile/run.ts [service|baselineA|baselineB] [options of the
// benchmark]`; of a PUT with `--parts put`, at a fixed rate with `--parts rates --rates 500`.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadResult } from '../load/load.ts';
import { attack, ensureVegeta } from '../load/vegeta.ts';
import { ensureWrk, runLoad } from '../load/wrk.ts';
import { parseOptions } from '../options.ts';
import { Stage } from '../stage.ts';
import { between, type Costs, costByFunction, costByOwner, type CpuProfile } from './cpu-profile.ts';

const [first, ...rest] = process.argv.slice(2);
const names = ['service', 'baselineA', 'baselineB'] as const;
const name = names.find((known) => known === first);
const options = parseOptions(name ? rest : process.argv.slice(2));
if (options) {
  await using resources = new AsyncDisposableStack();
  await ensureWrk();
  const part = options.parts.length === 1 ? options.parts[0] : 'get';
  const [rate] = part === 'rates' ? options.rates : [];
  if (typeof rate === 'number') await ensureVegeta();
  const stage = await Stage.set(options.database, options.serviceMain, resources);
  const members = await stage.enrol(options.members);
  const folder = join(import.meta.dirname, '../results', `profile-${Date.now()}`);
  mkdirSync(folder, { recursive: true });

  const profiler = ['--cpu-prof', `--cpu-prof-dir=${folder}`];
  const target =
    name === undefined || name === 'service'
      ? await stage.startService({ nodeOptions: profiler, settings: { userKeys__replaceGuardMinutes: '0' } })
      : await stage.startBaseline(name, profiler);
  resources.use(target.process);
  const memberFile = stage.memberFile(members);
  const method = part === 'put' ? ('PUT' as const) : ('GET' as const);
  const { connections, secondsPerTurn: seconds } = options;
  const load = { url: target.url, method, memberFile, connections };
  await runLoad({ ...load, seconds: options.warmUpSeconds });
  const from = monotonicMicroseconds();
  const { requests }: LoadResult =
    typeof rate === 'number'
      ? await attack({ url: target.url, members, rate, seconds, connections })
      : await runLoad({ ...load, seconds });
  const to = monotonicMicroseconds();
  await target.process.stop();

  for (const file of readdirSync(folder)) {
    const profile = between(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile, from, to);
    print(`${join(folder, file)}: ${requests} requests, µs of each by owner`, costByOwner(profile), requests);
    print('µs of each by function, without what it calls', costByFunction(profile), requests);
  }
}

function monotonicMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

function print(title: string, costs: Costs, requests: number): void {
  const lines = costs.slice(0, 40).map(([what, cost]) => `${(cost / requests).toFixed(2).padStart(8)}  ${what}`);
  process.stdout.write(`\n${title}\n${lines.join('\n')}\n`);
}
