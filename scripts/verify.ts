/** `npm run verify`: everything that must hold before a change may land. Never stops at the first failure. */
import { availableParallelism } from 'node:os';
import { oneByOne, sideBySide, together } from './verify/checks.ts';
import { inLanes } from './verify/lanes.ts';
import { type Check, type Outcome, total, verdict } from './verify/outcome.ts';

// Checks run in groups of their own, which a terminal's Ctrl-C does not reach: this process' end ends them.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code));
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** A check that breaks has failed; the others, and the closing line, come all the same. */
async function outcomeOf(check: Check): Promise<Outcome> {
  try {
    return await check.run();
  } catch (error) {
    return verdict(false, error instanceof Error ? error.stack : String(error));
  }
}

async function perform(check: Check): Promise<Outcome> {
  const start = performance.now();
  const outcome = await outcomeOf(check);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const word = outcome.failed > 0 ? 'FAIL' : outcome.passed > 0 ? 'ok  ' : 'skip';
  print(`${word} ${check.name} (${seconds} s)`);
  if (outcome.failed > 0 && outcome.report) print(outcome.report.trimEnd());
  return outcome;
}

const sum = total([
  ...(await inLanes(sideBySide, availableParallelism(), perform)),
  ...(await inLanes(oneByOne, 1, perform)),
  ...(await inLanes(together, together.length, perform)),
]);
for (const { name, reason } of sum.skipped) print(`skipped: ${name}: ${reason}`);
print(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped.length} skipped`);
process.exitCode = sum.failed > 0 ? 1 : 0;
