import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Turn } from './measure.ts';
import { median } from './support/statistics.ts';
import { type TargetName, targetNames } from './targets/target.ts';

/** The medians of one target's turns, and the most memory that it ever held. */
export interface TargetFigures {
  readonly rps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUsPerRequest: number;
  readonly databaseCpuUsPerRequest: number;
  readonly peakRssMb: number;
}

/** The shape of `bench/results/latest.json`. */
export interface Results {
  readonly get: Readonly<Record<TargetName, TargetFigures>> & {
    /** Requests/s of the service over those of the baseline: the median of the rounds' ratios. */
    readonly ratioA: number;
    readonly ratioB: number;
  };
  /** From start of the service to its first healthy answer, median of several warm starts. */
  readonly readyMs: number;
}

/** Sums up all turns. */
export function summarise(turns: readonly Turn[], peakRssMb: Record<TargetName, number>, readyMs: number): Results {
  const of = (target: TargetName): Turn[] => turns.filter((turn) => turn.target === target);
  const figures = (target: TargetName): TargetFigures => {
    const own = of(target);
    return {
      rps: rounded(median(own.map((turn) => turn.rps)), 0),
      p50Ms: rounded(median(own.map((turn) => turn.p50Ms)), 2),
      p99Ms: rounded(median(own.map((turn) => turn.p99Ms)), 2),
      cpuUsPerRequest: rounded(median(own.map((turn) => turn.cpuUsPerRequest)), 1),
      databaseCpuUsPerRequest: rounded(median(own.map((turn) => turn.databaseCpuUsPerRequest)), 1),
      peakRssMb: rounded(peakRssMb[target], 1),
    };
  };
  // A ratio within one round compares neighbours in time; the ratio of two medians would compare different minutes.
  const ratio = (baseline: TargetName): number => {
    const baselineTurns = of(baseline);
    return rounded(median(of('service').map((turn, round) => turn.rps / (baselineTurns[round]?.rps ?? NaN))), 3);
  };
  const [service, baselineA, baselineB] = targetNames;
  return {
    get: {
      service: figures(service),
      baselineA: figures(baselineA),
      baselineB: figures(baselineB),
      ratioA: ratio(baselineA),
      ratioB: ratio(baselineB),
    },
    readyMs: rounded(readyMs, 0),
  };
}

/** Writes the results as JSON. */
export function writeResults(path: string, results: Results): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
