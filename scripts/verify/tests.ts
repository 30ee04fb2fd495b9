import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';
import { type Check, type Outcome, verdict } from './outcome.ts';

const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];

/** Every test but those on a cluster, by jest. */
export const tests: Check = {
  name: 'tests',
  run: async () => {
    const summary = await summaryOf([...node, 'node_modules/jest/bin/jest.js']);
    return summary.passed > 0 ? summary : { ...summary, failed: summary.failed + 1, report: 'No test passed.' };
  },
};

/** Before the tests, which the first time would keep from the processors for minutes. */
export const clusterPrograms: Check = {
  name: 'programs of the cluster',
  run: async () => {
    const { ok, output } = await run('node', ['scripts/tools/install.ts', 'cluster'], { minutes: 60 });
    return verdict(ok, output);
  },
};

/** The chart, installed on a Kubernetes of its own. Where there can be none, its tests are skipped. */
export const cluster: Check = { name: 'tests on a cluster', run: () => summaryOf(['scripts/cluster.ts']) };

/**
 * What jest counted, which Node starts with this line: the reporter of its configuration writes it where SUMMARY_FILE
 * says.
 */
async function summaryOf(line: readonly string[]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'key-connector-summary-'));
  const file = join(folder, 'summary.json');
  try {
    const env = { ...process.env, SUMMARY_FILE: file };
    const { ok } = await run('node', line, { live: true, minutes: 60, env });
    const summary = await read(file);
    // Jest can fail without a failed test: a teardown that throws, a handle that is left open.
    if (!ok && summary.failed === 0) return { ...summary, failed: 1, report: 'jest failed: see above.' };
    return summary;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function read(file: string): Promise<Outcome> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Outcome;
  } catch {
    return verdict(false, 'jest ended before it could report.');
  }
}
