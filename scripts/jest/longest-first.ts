import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Seconds that test files took, by path from the root. */
export type Durations = Readonly<Record<string, number>>;

/** Where they are kept: `RECORD_DURATIONS=1 npm test` writes what it measures into it. */
export const durationsFile = join(import.meta.dirname, 'durations.json');

/** The part of jest's test that is read here. */
interface Test {
  readonly path: string;
}

/** Starts the longest files first, so that no worker is left with one when the others are done. */
export default class LongestFirst {
  private readonly durations = JSON.parse(readFileSync(durationsFile, 'utf8')) as Durations;

  sort<T extends Test>(tests: readonly T[]): T[] {
    return [...tests].sort((a, b) => this.secondsOf(b) - this.secondsOf(a));
  }

  /** With `--onlyFailures`, jest has no failures to give: it keeps them where a sequencer of its own would. */
  allFailedTests<T extends Test>(tests: readonly T[]): T[] {
    return [...tests];
  }

  /** Jest offers what this run took; the file changes only when it is told to. */
  cacheResults(): void {
    // Nothing is kept.
  }

  private secondsOf({ path }: Test): number {
    const file = relative(join(import.meta.dirname, '../..'), path);
    return this.durations[file] ?? (file.startsWith('test/') ? 4 : 1);
  }
}
