import type { BenchDatabase } from './databases/database.ts';
import { type Load, runLoad } from './load/wrk.ts';
import { cpuMicroseconds } from '../test/lab/processes/proc.ts';
import type { Target } from './targets/target.ts';

/** What one turn of one target cost. */
export interface Turn {
  readonly target: string;
  readonly rps: number;
  /** Latency at each of `percentiles` of load/wrk.ts. */
  readonly percentilesMs: readonly number[];
  readonly cpuUsPerRequest: number;
  readonly databaseCpuUsPerRequest: number;
}

/** What is measured and how long. */
export interface Plan {
  readonly targets: readonly Target[];
  readonly database: BenchDatabase;
  readonly load: Omit<Load, 'url'>;
  readonly rounds: number;
  readonly onTurn: (turn: Turn) => void;
}

/** Lets the targets take turns; each round starts with another one, so that drift of the machine meets all alike. */
export async function measure({ targets, database, load, rounds, onTurn }: Plan): Promise<Turn[]> {
  const turns: Turn[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const target of rotate(targets, round)) {
      await database.tidy();
      const turn = await measureTurn(target, database, load);
      onTurn(turn);
      turns.push(turn);
    }
  }
  return turns;
}

async function measureTurn(target: Target, database: BenchDatabase, load: Plan['load']): Promise<Turn> {
  const cpuBefore = cpuMicroseconds(target.process.pid);
  const databaseCpuBefore = database.cpuMicroseconds();
  const result = await runLoad({ ...load, url: target.url });
  return {
    target: target.name,
    rps: result.requests / (result.microseconds / 1e6),
    percentilesMs: result.percentilesUs.map((microseconds) => microseconds / 1000),
    cpuUsPerRequest: (cpuMicroseconds(target.process.pid) - cpuBefore) / result.requests,
    databaseCpuUsPerRequest: (database.cpuMicroseconds() - databaseCpuBefore) / result.requests,
  };
}

function rotate<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
