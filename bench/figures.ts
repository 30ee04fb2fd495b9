import { percentiles } from './load/wrk.ts';
import type { Turn } from './measure.ts';
import { median } from './statistics.ts';

/** The medians of one target's turns, and the most memory that it ever held. */
export interface Figures {
  readonly rps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Latency at each of `percentiles` of load/wrk.ts. */
  readonly percentilesMs: readonly number[];
  readonly cpuUsPerRequest: number;
  readonly databaseCpuUsPerRequest: number;
  readonly peakRssMb: number;
}

/** Sums up the turns of one target. */
export function figuresOf(turns: readonly Turn[], peakRssMb: number): Figures {
  const of = (value: (turn: Turn) => number, digits: number): number => rounded(median(turns.map(value)), digits);
  const percentilesMs = percentiles.map((_, index) => of(({ percentilesMs }) => percentilesMs[index] ?? NaN, 2));
  return {
    rps: of(({ rps }) => rps, 0),
    p50Ms: percentilesMs[percentiles.indexOf(50)] ?? NaN,
    p99Ms: percentilesMs[percentiles.indexOf(99)] ?? NaN,
    percentilesMs,
    cpuUsPerRequest: of(({ cpuUsPerRequest }) => cpuUsPerRequest, 1),
    databaseCpuUsPerRequest: of(({ databaseCpuUsPerRequest }) => databaseCpuUsPerRequest, 1),
    peakRssMb: rounded(peakRssMb, 1),
  };
}

/**
 * Requests/s of one target over those of another: the median of the rounds' ratios. A ratio within one round compares
 * neighbours in time; the ratio of two medians would compare different minutes.
 */
export function ratioOf(turns: readonly Turn[], target: string, baseline: string): number {
  const of = (name: string): Turn[] => turns.filter((turn) => turn.target === name);
  const baselineTurns = of(baseline);
  return rounded(median(of(target).map((turn, round) => turn.rps / (baselineTurns[round]?.rps ?? NaN))), 3);
}

/** Cut to so many digits, for people. */
export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
