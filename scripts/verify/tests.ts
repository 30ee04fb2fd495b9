import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';
import { type Check, type Outcome, verdict } from './outcome.ts';

/** Every test there is, by jest; the reporter of jest.config.js writes the counts where SUMMARY_FILE says. */
export const tests: Check = {
  name: 'tests',
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'key-connector-summary-'));
    process.env['SUMMARY_FILE'] = join(folder, 'summary.json');
    try {
      const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
      const { ok } = await run('node', [...node, 'node_modules/jest/bin/jest.js'], { live: true, minutes: 60 });
      const summary = await read(process.env['SUMMARY_FILE']);
      // Jest can fail without a failed test: a teardown that throws, a handle that is left open.
      if (!ok && summary.failed === 0) return { ...summary, failed: 1, report: 'jest failed: see above.' };
      return summary;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function read(file: string): Promise<Outcome> {
  try {
    const summary = JSON.parse(await readFile(file, 'utf8')) as Outcome;
    return summary.passed > 0 ? summary : { ...summary, failed: summary.failed + 1, report: 'No test passed.' };
  } catch {
    return verdict(false, 'jest ended before it could report.');
  }
}
