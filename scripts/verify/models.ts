import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { tempFolder } from '../../test/lab/files/temp-folder.ts';
import { outcomeOf } from '../../test/lab/processes/child-process.ts';
import { root } from './command.ts';
import { inLanes } from './lanes.ts';
import { type Check, type Outcome, skip, total, verdict } from './outcome.ts';

/** A model of docs/models as it is checked: whole, or with guards left out. */
interface Variant {
  readonly model: string;
  /** Definitions for spin. */
  readonly defined: readonly string[];
  /** Whether its claims hold; without a guard that they depend on, a counterexample must be found. */
  readonly holds: boolean;
}

const holds = (model: string, ...defined: string[]): Variant => ({ model, defined, holds: true });
const fails = (model: string, ...defined: string[]): Variant => ({ model, defined, holds: false });

/** A model whose claims hold, and each of these guards left out by itself. */
const guarded = (model: string, ...guards: string[]): Variant[] => [
  holds(model),
  ...guards.map((guard) => fails(model, guard)),
];

/** Those that take longest come first. */
const variants: readonly Variant[] = [
  holds('ring-manifest', 'COMES_BACK'),
  ...guarded(
    'ring-manifest',
    ...['NO_NEXT', 'NO_PREVIOUS', 'NO_SIGNATURE', 'FALL_BACK', 'PASS_GAPS', 'BLIND_INSERT', 'DELETE_ABOVE'],
  ),
  ...guarded('ring-fence', ...['NO_FENCE', 'NO_WAIT', 'LONG_PATIENCE', 'BY_NUMBER', 'TORN_LOOK', 'KEEP_OLD']),
  ...guarded(
    'ring-drop',
    ...['NO_RECOUNT', 'FINISH_BLIND', 'TWO_COUNTS', 'BY_COLUMN', 'NO_FOREIGN_KEY', 'NO_CONSTRAINT'],
    'FINISH_NO_VERSION',
  ),
  ...guarded(
    'ring-kek',
    ...['UNDER_OWN', 'STALE', 'NUMBER_ONLY', 'APART', 'NOT_OPENED', 'REMOVE_BLIND', 'CLASSIC_LEFT'],
  ),
  ...guarded('ring-start', 'UNTIED', 'UNNAMED', 'DROPPED_UNOPENED', 'DROPPED_UNNAMED'),
  ...guarded('ring-reencrypt', 'NO_COMPARE', 'OLD_BYTES'),
  ...guarded('member-write', 'NO_COMPARE', 'NO_DEADLINE', 'OWN_CLOCK'),
  holds('first-data-key'),
  holds('first-data-key', 'NO_LOCK'),
  fails('first-data-key', 'NO_LOCK', 'OVERWRITE'),
  fails('first-data-key', 'NO_LOCK', 'KEEP_OWN'),
];

const programs = ['/usr/bin/spin', '/usr/bin/gcc'];

/** Spin tries every order of the steps of each model; see docs/models/README.md. */
export const models: Check = {
  name: 'models',
  run: async () => {
    if (!programs.every((program) => existsSync(program))) return skip('models', 'apt-get install spin gcc libc6-dev');
    const outcomes = await inLanes(variants, availableParallelism(), check);
    const reports = outcomes.flatMap(({ failed, report = '' }) => (failed > 0 ? [report] : []));
    return { ...total(outcomes), report: reports.join('\n') };
  },
};

async function check({ model, defined, holds: whole }: Variant): Promise<Outcome> {
  const folder = await tempFolder('model');
  try {
    const options = { cwd: folder.path, minutes: 5 };
    const definitions = defined.map((name) => `-D${name}`);
    const name = [`docs/models/${model}.pml`, ...definitions].join(' ');
    const made = await outcomeOf('spin', ['-a', ...definitions, resolve(root, `docs/models/${model}.pml`)], options);
    // Most variants end sooner than an optimizing compiler.
    const built = await outcomeOf('gcc', ['-O0', '-DSAFETY', '-w', '-o', 'pan', 'pan.c'], options);
    // It ends with 0 however many errors it found.
    const { stdout } = await outcomeOf('./pan', ['-m20000', '-w21'], options);
    const searched = stdout.includes('errors: ') && !stdout.includes('max search depth too small');
    // A process that cannot go on is an error too, and none that a guard should be seen by.
    const ok = searched && (whole ? stdout.includes('errors: 0') : stdout.includes('assertion violated'));
    const wanted = whole ? 'its claims do not hold' : 'no counterexample was found without that guard';
    return verdict(ok, searched ? `${name}: ${wanted}` : `${name}: ${made.stdout}${built.stderr}${stdout}`);
  } finally {
    await folder.remove();
  }
}
