import type { Figures } from './figures.ts';
import type { Goal } from './goals.ts';
import type { Results } from './results.ts';

/** A table with a head; the first column is text, the others are figures. */
export interface Table {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

const columns: readonly [title: string, value: (figures: Figures) => string][] = [
  ['requests/s', (figures) => figures.rps.toFixed(0)],
  ['p50 ms', ({ latencyMs }) => latencyMs[50].toFixed(2)],
  ['p95 ms', ({ latencyMs }) => latencyMs[95].toFixed(2)],
  ['p99 ms', ({ latencyMs }) => latencyMs[99].toFixed(2)],
  ['p99.9 ms', ({ latencyMs }) => latencyMs[99.9].toFixed(2)],
  ['CPU µs/req', (figures) => figures.cpuUsPerRequest.toFixed(0)],
  ['db CPU µs/req', (figures) => figures.databaseCpuUsPerRequest.toFixed(0)],
  ['peak MB', (figures) => figures.peakRssMb.toFixed(0)],
];

/** How the targets are called in tables and plots. */
export const targetTitles = {
  service: 'service',
  exactDates: 'service, exact access dates',
  withoutDates: 'service, no access dates',
  baselineA: 'A: node:http and the driver',
  baselineB: 'B: plain ORM',
};

/** Everything that was measured, one table a part. */
export function tablesOf({ get, rates, put, writeBehind, growth, reencrypt }: Results): Table[] {
  return [
    ...(get
      ? [
          comparison('GET /user-keys', [
            ['service', get.service],
            ['baselineA', get.baselineA],
            ['baselineB', get.baselineB],
          ]),
        ]
      : []),
    ...(rates?.steps ?? []).map(({ rate, service, baselineA }) =>
      comparison(`GET, ${rate}/s`, [
        ['service', service],
        ['baselineA', baselineA],
      ]),
    ),
    ...(put
      ? [
          comparison('PUT /user-keys', [
            ['service', put.service],
            ['baselineA', put.baselineA],
          ]),
        ]
      : []),
    ...(writeBehind
      ? [
          comparison('GET, access dates written behind', [
            ['service', writeBehind.service],
            ['exactDates', writeBehind.exactDates],
            ['withoutDates', writeBehind.withoutDates],
          ]),
        ]
      : []),
    ...(reencrypt
      ? [
          {
            title: 'data-key reencrypt',
            rows: [
              ['', 'values/s', 'peak MB'],
              ...reencrypt.steps.map(({ members, rowsPerSecond, peakRssMb }) => [
                `${members} values`,
                rowsPerSecond.toFixed(0),
                peakRssMb.toFixed(0),
              ]),
            ],
          },
        ]
      : []),
    ...(growth
      ? [
          {
            title: 'Growth',
            rows: [
              ['', 'bytes/member', 'ready ms', 'idle MB'],
              ...growth.steps.map(({ members, bytesPerMember, start }) => [
                `${members} members`,
                ...[bytesPerMember, start.readyMs, start.idleMb].map((figure) => figure.toFixed(0)),
              ]),
            ],
          },
        ]
      : []),
    ...(growth?.steps ?? []).map(({ members, service, baselineA }) =>
      comparison(`GET, ${members} members`, [
        ['service', service],
        ['baselineA', baselineA],
      ]),
    ),
  ];
}

/** The targets of the project as a table. */
export function goalTable(goals: readonly Goal[]): Table {
  return {
    title: 'Targets',
    rows: [
      ['', 'measured', 'target', ''],
      ...goals.map(({ what, measured, target, met }) => [what, String(measured), target, met ? 'met' : 'missed']),
    ],
  };
}

/** A table for a terminal. */
export function textOf({ title, rows }: Table): string {
  const [head = [], ...others] = rows;
  const all = [[title, ...head.slice(1)], ...others];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('   '),
    )
    .join('\n');
}

function comparison(title: string, rows: readonly (readonly [keyof typeof targetTitles, Figures])[]): Table {
  return {
    title,
    rows: [
      ['', ...columns.map(([name]) => name)],
      ...rows.map(([target, figures]) => [targetTitles[target], ...columns.map(([, value]) => value(figures))]),
    ],
  };
}
