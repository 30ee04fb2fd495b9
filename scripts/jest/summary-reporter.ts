import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { BECAUSE } from '../../test/lab/skip/skip-reason.ts';
import type { Outcome, Skip } from '../verify/outcome.ts';
import { type Durations, durationsFile } from './longest-first.ts';

/** The part of jest's aggregated result that is read here. */
interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly testFilePath: string;
    readonly perfStats: { readonly start: number; readonly end: number };
    readonly testResults: readonly { fullName: string; status: string }[];
  }[];
}

/** How many of the slowest files are printed. */
const slowest = 20;

/** Files that take less, in seconds, need no place in the order of the next run. */
const worthKnowing = 5;

/**
 * Prints the slowest files and every skipped test with its reason, counts a skip without one as failed, and hands the
 * counts to verify.
 */
export default class SummaryReporter {
  private failure: Error | undefined;

  onRunComplete(_contexts: unknown, results: Results): void {
    this.tellDurations(results);
    const all = results.testResults.flatMap(({ testResults }) => testResults);
    const skips = all
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }): Skip => {
        const [name = fullName, reason = ''] = fullName.split(BECAUSE);
        return { name, reason };
      });
    const unexplained = skips.filter(({ reason }) => reason === '');
    for (const { name, reason } of skips) say(`skipped: ${name}: ${reason || 'NO REASON GIVEN'}`);
    if (unexplained.length > 0) {
      this.failure = new Error(
        'Skip a test with describeIf or testIf of test/lab/skip/skip.ts, which ask for the reason.',
      );
    }
    this.hand({
      passed: results.numPassedTests,
      // A suite that did not even load has no tests to count.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites + unexplained.length,
      skipped: skips.filter(({ reason }) => reason !== ''),
    });
  }

  getLastError(): Error | undefined {
    return this.failure;
  }

  /** Slowest first; with RECORD_DURATIONS they are kept for the order of the runs to come. */
  private tellDurations({ testResults }: Results): void {
    const root = join(import.meta.dirname, '../..');
    const durations = testResults
      .map(({ testFilePath, perfStats: { start, end } }) => ({
        file: relative(root, testFilePath),
        seconds: Math.round((end - start) / 1000),
      }))
      .sort((a, b) => b.seconds - a.seconds);
    say(`The slowest of ${durations.length} files, in seconds:`);
    for (const { file, seconds } of durations.slice(0, slowest)) say(`${String(seconds).padStart(5)} ${file}`);
    if (process.env['RECORD_DURATIONS'] === undefined) return;
    const long = durations.filter(({ seconds }) => seconds >= worthKnowing);
    const known = JSON.parse(readFileSync(durationsFile, 'utf8')) as Durations;
    const measured = Object.fromEntries(long.map(({ file, seconds }) => [file, seconds]));
    writeFileSync(durationsFile, `${JSON.stringify({ ...known, ...measured }, null, 2)}\n`);
  }

  private hand(outcome: Outcome): void {
    const file = process.env['SUMMARY_FILE'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(outcome));
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
