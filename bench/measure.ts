import type { BenchDatabase } from './databases/database.ts';
import type { Latency, LoadResult } from './load/load.ts';
import { cpuMicroseconds } from '../test/lab/processes/proc.ts';
import type { Target } from './targets/target.ts';

/** What one turn of one target cost. */
export interface Turn {
  readonly target: string;
  readonly rps: number;
  readonly latencyMs: Latency;
  readonly cpuUsPerRequest: number;
  readonly databaseCpuUsPerRequest: number;
}

/** What is measured and how often. */
export interface Plan {
  readonly targets: readonly Target[];
  readonly database: BenchDatabase;
  /** Goes before the first turn of each target, and is not counted. */
  readonly warmUp: (target: Target) => Promise<unknown>;
  readonly load: (target: Target) => Promise<LoadResult>;
  readonly rounds: number;
  readonly onTurn: (turn: Turn) => void;
}

/** Lets the targets take turns; each round starts with another one, so that drift of the machine meets all alike. */
export async function measure({ targets, database, warmUp, load, rounds, onTurn }: Plan): Promise<Turn[]> {
  const turns: Turn[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const target of rotate(targets, round)) {
      // Just before it, not all targets at first: one that has waited for the others starts its turn cold.
      if (round === 0) await warmUp(target);
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
  const { requests, rps, latencyMs } = await load(target);
  return {
    target: target.name,
    rps,
    latencyMs,
    cpuUsPerRequest: (cpuMicroseconds(target.process.pid) - cpuBefore) / requests,
    databaseCpuUsPerRequest: (database.cpuMicroseconds() - databaseCpuBefore) / requests,
  };
}

function rotate<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
