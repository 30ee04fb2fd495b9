/** A check that could not run here, with the reason. */
export interface Skip {
  readonly name: string;
  readonly reason: string;
}

/** What a check found; `report` is shown when something failed. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly Skip[];
  readonly report?: string;
}

/** One line of the list that verify works through. */
export interface Check {
  readonly name: string;
  run(): Promise<Outcome>;
}

/** The outcome of a check that is one yes or no. */
export function verdict(ok: boolean, report = ''): Outcome {
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: [], report };
}

/** The outcome of a check that cannot run here. */
export function skip(name: string, reason: string): Outcome {
  return { passed: 0, failed: 0, skipped: [{ name, reason }] };
}

/** Adds outcomes up. */
export function total(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failed: outcomes.reduce((sum, { failed }) => sum + failed, 0),
    skipped: outcomes.flatMap(({ skipped }) => skipped),
  };
}
