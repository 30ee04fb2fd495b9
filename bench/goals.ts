import type { DatabaseKind } from './databases/index.ts';
import type { Results } from './results.ts';

/** A target of the project, and whether it was met. */
export interface Goal {
  readonly what: string;
  readonly measured: number;
  readonly target: string;
  readonly met: boolean;
}

/** The least that requests/s of the service must be over those of baseline A, with GET; 0 where there is no target. */
const leastGetRatio: Record<DatabaseKind, number> = { postgresql: 1.25, mysql: 1.1, sqlite: 0 };

/** Every target that has a figure in these results. */
export function goalsOf(kind: DatabaseKind, { get, readyMs, put, writeBehind, growth, reencrypt }: Results): Goal[] {
  const atLeast = (what: string, measured: number, least: number): Goal => ({
    what,
    measured,
    target: `≥ ${least}`,
    met: measured >= least,
  });
  const atMost = (what: string, measured: number, most: number): Goal => ({
    what,
    measured,
    target: `≤ ${most}`,
    met: measured <= most,
  });
  return [
    ...(get && leastGetRatio[kind] > 0
      ? [atLeast('GET: requests/s, service / A', get.ratioA, leastGetRatio[kind])]
      : []),
    ...(get
      ? [
          atLeast('GET: requests/s, service / B', get.ratioB, 3),
          atMost('GET: p99 ms, service against A', get.service.p99Ms, get.baselineA.p99Ms),
          atMost('GET: peak MB, service', get.service.peakRssMb, 200),
        ]
      : []),
    ...(readyMs === undefined ? [] : [atMost('start to ready, ms', readyMs, 1500)]),
    ...(put ? [atLeast('PUT: requests/s, service / A', put.ratioA, 1)] : []),
    ...(writeBehind ? [atLeast('GET: requests/s, with access dates / without', writeBehind.ratio, 0.95)] : []),
    ...(reencrypt
      ? [
          atLeast('reencrypt: rows/s', reencrypt.rowsPerSecond, kind === 'postgresql' ? 10_000 : 0),
          atMost('reencrypt: memory, most members / fewest', reencrypt.memoryRatio, 1.2),
          atLeast('GET: requests/s, beside a paced reencrypt / alone', reencrypt.servingRatio, 0.9),
        ]
      : []),
    ...(growth
      ? [
          atLeast(
            `GET: requests/s, ${growth.steps.at(-1)?.members} members / ${growth.steps[0]?.members}`,
            growth.ratio,
            0.9,
          ),
        ]
      : []),
  ];
}
