import type { Turn } from './measure.ts';
import type { Results, TargetFigures } from './results.ts';

const columns: readonly [title: string, value: (figures: TargetFigures) => string][] = [
  ['requests/s', (figures) => figures.rps.toFixed(0)],
  ['p50 ms', (figures) => figures.p50Ms.toFixed(2)],
  ['p99 ms', (figures) => figures.p99Ms.toFixed(2)],
  ['CPU µs/req', (figures) => figures.cpuUsPerRequest.toFixed(0)],
  ['db CPU µs/req', (figures) => figures.databaseCpuUsPerRequest.toFixed(0)],
  ['peak MB', (figures) => figures.peakRssMb.toFixed(0)],
];

/** The results as a table for a terminal, with each target of the project and whether it was met. */
export function resultTable({ get, readyMs }: Results): string {
  const rows = [
    ['GET /user-keys', ...columns.map(([title]) => title)],
    ...(['service', 'baselineA', 'baselineB'] as const).map((name) => [
      { service: 'service', baselineA: 'A: node:http + pg', baselineB: 'B: plain ORM' }[name],
      ...columns.map(([, value]) => value(get[name])),
    ]),
  ];
  const goals = [
    goal('requests/s, service / A', get.ratioA, '≥ 1.25', get.ratioA >= 1.25),
    goal('requests/s, service / B', get.ratioB, '≥ 3', get.ratioB >= 3),
    goal(
      'p99 ms, service',
      get.service.p99Ms,
      `≤ ${get.baselineA.p99Ms.toFixed(2)} (A)`,
      get.service.p99Ms <= get.baselineA.p99Ms,
    ),
    goal('peak MB, service', get.service.peakRssMb, '< 200', get.service.peakRssMb < 200),
    goal('start to ready, ms', readyMs, '< 1500', readyMs < 1500),
  ];
  return `${aligned(rows)}\n\n${aligned([['', 'measured', 'target', ''], ...goals])}`;
}

/** One turn in one line. */
export function turnLine(turn: Turn): string {
  const { target, rps, p50Ms, p99Ms, cpuUsPerRequest, databaseCpuUsPerRequest } = turn;
  return (
    `  ${target.padEnd(10)}${rps.toFixed(0).padStart(7)} req/s   p50 ${p50Ms.toFixed(1)} ms   p99 ${p99Ms.toFixed(1)} ms` +
    `   CPU ${cpuUsPerRequest.toFixed(0)} µs/req   db ${databaseCpuUsPerRequest.toFixed(0)} µs/req`
  );
}

function goal(what: string, measured: number, target: string, met: boolean): string[] {
  return [what, String(measured), target, met ? 'met' : 'missed'];
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('   '),
    )
    .join('\n');
}
