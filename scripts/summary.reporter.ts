import { writeFileSync } from 'node:fs';
import { BECAUSE } from '../test/lab/skip/skip-reason.ts';
import type { Outcome, Skip } from './verify/outcome.ts';

/** The part of jest's aggregated result that is read here. */
interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly { readonly testResults: readonly { fullName: string; status: string }[] }[];
}

/** Lists every skipped test with its reason, counts one without a reason as failed, and hands the counts to verify. */
export default class SummaryReporter {
  private failure: Error | undefined;

  onRunComplete(_contexts: unknown, results: Results): void {
    const all = results.testResults.flatMap(({ testResults }) => testResults);
    const skips = all
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }): Skip => {
        const [name = fullName, reason = ''] = fullName.split(BECAUSE);
        return { name, reason };
      });
    const unexplained = skips.filter(({ reason }) => reason === '');
    for (const { name, reason } of skips) process.stderr.write(`skipped: ${name}: ${reason || 'NO REASON GIVEN'}\n`);
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

  private hand(outcome: Outcome): void {
    const file = process.env['SUMMARY_FILE'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(outcome));
  }
}
