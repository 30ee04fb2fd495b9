import { type Latency, latencyOf } from './load/load.ts';
import type { Turn } from './measure.ts';
import { median } from './statistics.ts';

/** The medians of one target's turns, and the most memory that it ever held. */
export interface Figures {
  readonly rps: number;
  readonly latencyMs: Latency;
  readonly cpuUsPerRequest: number;
  readonly databaseCpuUsPerRequest: number;
  /** Of 10^6 bytes. */
  readonly peakRssMb: number;
}

/** Sums up the turns of one target. */
export function figuresOf(turns: readonly Turn[], peakRssMb: number): Figures {
  const of = (value: (turn: Turn) => number, digits: number): number => rounded(median(turns.map(value)), digits);
  return {
    rps: of(({ rps }) => rps, 0),
    latencyMs: latencyOf((percentile) => of(({ latencyMs }) => latencyMs[percentile], 2)),
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
