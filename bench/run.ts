// The benchmark: `npm run bench`. bench/README.md says what is measured and how to read it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { goalsOf } from './goals.ts';
import { ensureVegeta } from './load/vegeta.ts';
import { ensureWrk } from './load/wrk.ts';
import { type BenchOptions, parseOptions, type Part, usage } from './options.ts';
import { reportOf } from './report/report.ts';
import { type Results, writeResult } from './results.ts';
import { runGet } from './runs/get.ts';
import { runGrowth } from './runs/growth.ts';
import { runPut } from './runs/put.ts';
import { runRates } from './runs/rates.ts';
import { runReencrypt } from './runs/reencrypt.ts';
import type { Run } from './runs/run.ts';
import { runStart } from './runs/start.ts';
import { runWriteBehind } from './runs/write-behind.ts';
import { Stage } from './stage.ts';
import { goalTable, tablesOf, textOf } from './tables.ts';

const resultFile = join(import.meta.dirname, 'results', 'latest.json');
const reportFile = join(import.meta.dirname, 'results', 'report.html');

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
  await checkMachine(options);
  const stage = await Stage.set(options.database, options.serviceMain, resources);
  const { description } = stage.database;
  const setting = `${description}, ${options.members} members, ${options.connections} connections, Node ${process.version}`;
  say(setting);
  const results = await measured(stage, options);
  const goals = goalsOf(options.database, results);
  writeResult(resultFile, `${JSON.stringify(results, null, 2)}\n`);
  writeResult(reportFile, reportOf(results, goals, setting));
  say(`\n${[...tablesOf(results), goalTable(goals)].map(textOf).join('\n\n')}`);
  say(`\nWritten to ${resultFile}\nand, with plots, to ${reportFile}`);
}

/** Growth comes first: it wants the table to itself, and leaves the members of the other parts in it. */
async function measured(stage: Stage, options: BenchOptions): Promise<Results> {
  const wanted = (part: Part): boolean => options.parts.includes(part);
  const growth = wanted('growth') ? await runGrowth({ stage, options, say }) : undefined;
  const run: Run = { stage, options, say, members: await stage.enrol(options.members) };
  const part = async <T>(name: Part, work: (run: Run) => Promise<T>): Promise<T | undefined> => {
    if (!wanted(name)) return undefined;
    say(`${name}:`);
    return work(run);
  };
  const start = await part('start', runStart);
  const get = await part('get', runGet);
  const rates = await part('rates', (one) => runRates(one, get?.baselineA.rps));
  const put = await part('put', runPut);
  const writeBehind = await part('write-behind', runWriteBehind);
  // The last one: it takes the data key away that baselines have.
  const reencrypt = await part('reencrypt', runReencrypt);
  return {
    database: stage.database.description,
    ...(get && { get }),
    ...(rates && { rates }),
    ...(start && { start }),
    ...(put && { put }),
    ...(writeBehind && { writeBehind }),
    ...(growth && { growth }),
    ...(reencrypt && { reencrypt }),
  };
}

async function checkMachine({ serviceMain, parts }: BenchOptions): Promise<void> {
  if (process.platform !== 'linux') throw new Error('CPU and memory are read from /proc: this needs Linux.');
  if (!existsSync(serviceMain)) throw new Error(`${serviceMain} is not there: run npm run build first.`);
  await ensureWrk();
  if (parts.includes('rates')) await ensureVegeta();
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
