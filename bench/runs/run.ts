import type { ComparisonPlan } from '../comparison.ts';
import type { Member } from '../members.ts';
import type { BenchOptions } from '../options.ts';
import type { Stage } from '../stage.ts';

/** What each part of the benchmark gets. */
export interface Run {
  readonly stage: Stage;
  readonly options: BenchOptions;
  readonly members: readonly Member[];
  readonly say: (line: string) => void;
}

/** The part of a plan that every comparison of a run has in common. */
export const planOf = ({ options, members }: Run): Omit<ComparisonPlan, 'method' | 'targets'> => ({
  ...options,
  members,
});
