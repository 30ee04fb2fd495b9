import type { DatabaseKind } from './databases/index.ts';
import { rounded } from './figures.ts';
import type { Results } from './results.ts';
import type { GetResults } from './runs/get.ts';
import type { GrowthResults } from './runs/growth.ts';
import type { RatesResults } from './runs/rates.ts';
import type { ReencryptResults } from './runs/reencrypt.ts';
import type { StartResults } from './runs/start.ts';
import type { WriteBehindResults } from './runs/write-behind.ts';

/** A target of the project, and whether it was met. */
export interface Goal {
  readonly what: string;
  readonly measured: number;
  readonly target: string;
  readonly met: boolean;
}

/** The least that requests/s of the service must be over those of baseline A, with GET; 0 where there is no target. */
const leastGetRatio: Record<DatabaseKind, number> = { postgresql: 1.35, mysql: 1.1, sqlite: 0 };

/** Every target that has a figure in these results. */
export function goalsOf(kind: DatabaseKind, results: Results): Goal[] {
  const { start, get, rates, put, writeBehind, reencrypt, growth } = results;
  return [
    ...(start ? startGoals(start) : []),
    ...(get ? getGoals(kind, get) : []),
    ...(rates ? rateGoals(rates) : []),
    ...(put ? [atLeast('PUT: requests/s, service / A', put.ratioA, 1)] : []),
    ...(writeBehind ? writeBehindGoals(writeBehind) : []),
    ...(reencrypt ? reencryptGoals(kind, reencrypt) : []),
    ...(growth ? growthGoals(growth) : []),
  ];
}

const startGoals = ({ readyMs, idleMb }: StartResults): Goal[] => [
  atMost('start to ready, ms', readyMs, 900),
  atMost('idle after a start: peak MB', idleMb, 120),
];

const getGoals = (kind: DatabaseKind, { ratioA, ratioB, service, baselineA }: GetResults): Goal[] => [
  ...(leastGetRatio[kind] > 0 ? [atLeast('GET: requests/s, service / A', ratioA, leastGetRatio[kind])] : []),
  atLeast('GET: requests/s, service / B', ratioB, 3),
  atMost('GET: p99 ms, service against A', service.latencyMs[99], baselineA.latencyMs[99]),
  atMost('GET: peak MB, service', service.peakRssMb, 190),
];

const rateGoals = ({ steps }: RatesResults): Goal[] =>
  steps.flatMap(({ rate, service, baselineA }) => [
    atMost(`GET, ${rate}/s: p50 ms, service against 1.1 × A`, service.latencyMs[50], 1.1 * baselineA.latencyMs[50]),
    atMost(`GET, ${rate}/s: p99 ms, service against A`, service.latencyMs[99], baselineA.latencyMs[99]),
    atMost(`GET, ${rate}/s: CPU µs, service against A`, service.cpuUsPerRequest, baselineA.cpuUsPerRequest),
  ]);

const writeBehindGoals = ({ ratio, exactRatio }: WriteBehindResults): Goal[] => [
  atLeast('GET: requests/s, with access dates / without', ratio, 0.98),
  atLeast('GET: requests/s, with exact access dates / without', exactRatio, 0.95),
];

const reencryptGoals = (kind: DatabaseKind, reencrypt: ReencryptResults): Goal[] => [
  atLeast('reencrypt: rows/s', reencrypt.rowsPerSecond, kind === 'postgresql' ? 10_000 : 0),
  atMost('reencrypt: memory, most members / fewest', reencrypt.memoryRatio, 1.2),
  atLeast('GET: requests/s, beside a paced reencrypt / alone', reencrypt.servingRatio, 0.9),
];

/** Of the disk, a small table tells nothing: half of it is what any table has. */
const leastForDisk = 100_000;

function growthGoals({ steps }: GrowthResults): Goal[] {
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return [];
  const sizes = `${last.members} members / ${first.members}`;
  const large = steps.find(({ members }) => members >= leastForDisk) ?? first;
  const diskRatio = rounded(last.bytesPerMember / large.bytesPerMember, 3);
  return [
    atLeast(`GET: requests/s, ${sizes}`, rounded(last.service.rps / first.service.rps, 3), 0.9),
    atMost(`start to ready, ${sizes}`, rounded(last.start.readyMs / first.start.readyMs, 3), 1.1),
    atMost(`disk of a member, ${last.members} members / ${large.members}`, diskRatio, 1.1),
  ];
}

const atLeast = (what: string, measured: number, least: number): Goal => ({
  what,
  measured,
  target: `≥ ${rounded(least, 2)}`,
  met: measured >= least,
});

const atMost = (what: string, measured: number, most: number): Goal => ({
  what,
  measured,
  target: `≤ ${rounded(most, 2)}`,
  met: measured <= most,
});
