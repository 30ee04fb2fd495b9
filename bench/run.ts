// The benchmark: `npm run bench`. bench/README.md says what is measured and how to read it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkAnswers } from './check-answers.ts';
import { ensureWrk, runLoad } from './load/wrk.ts';
import { measure } from './measure.ts';
import { type BenchOptions, parseOptions, usage } from './options.ts';
import { summarise, writeResults } from './results.ts';
import { setStage, startTarget, timeWarmStarts } from './stage.ts';
import { peakMemoryMb } from './support/process-cost.ts';
import { median } from './support/statistics.ts';
import { resultTable, turnLine } from './table.ts';
import { type Target, type TargetName, targetNames } from './targets/target.ts';

const resultFile = join(import.meta.dirname, 'results', 'latest.json');

const resources = new AsyncDisposableStack();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void resources.disposeAsync().finally(() => process.exit(130));
  });
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options) await run(options);
  else say(usage);
} catch (error) {
  if (!resources.disposed) say(`Benchmark failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await resources.disposeAsync();
}

async function run(options: BenchOptions): Promise<void> {
  checkMachine(options);
  const stage = await setStage(options, resources);
  const { database, members, tokenFile } = stage;
  say(
    `${database.description}, ${members.length} members, ${options.connections} connections, Node ${process.version}`,
  );

  const readyMs = median(await timeWarmStarts(stage, options.warmStarts));
  const targets: Target[] = [];
  for (const name of targetNames) {
    const target = await startTarget(stage, name);
    resources.use(target.process);
    targets.push(target);
  }
  const load = { tokenFile, connections: options.connections };
  for (const target of targets) {
    await checkAnswers(target, members);
    await runLoad({ ...load, url: target.url, seconds: options.warmUpSeconds });
  }

  const turns = await measure({
    targets,
    database,
    load: { ...load, seconds: options.secondsPerTurn },
    rounds: options.rounds,
    onTurn: (turn) => {
      say(turnLine(turn));
    },
  });
  for (const target of targets) await checkAnswers(target, members);

  const peaks = targets.map((target) => [target.name, peakMemoryMb(target.process.pid)]);
  const results = summarise(turns, Object.fromEntries(peaks) as Record<TargetName, number>, readyMs);
  writeResults(resultFile, results);
  say(`\n${resultTable(results)}\n\nWritten to ${resultFile}`);
}

function checkMachine({ serviceMain }: BenchOptions): void {
  if (process.platform !== 'linux') throw new Error('CPU and memory are read from /proc: this needs Linux.');
  if (!existsSync(serviceMain)) throw new Error(`${serviceMain} is not there: run npm run build first.`);
  ensureWrk();
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
